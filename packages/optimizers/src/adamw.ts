import { adamWUpdateEach } from '@unitsphere/ops';
import { checkFraction, checkNotNegative } from './check.js';
import { Optimizer, type Update } from './optimizer.js';
import type { OptimizedParameter, ParameterGroup } from './parameter.js';

/** Options of `AdamW`. */
export interface AdamWOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number;
  /** Decays of the running means of the gradient and of its square, each in [0, 1). Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator, the root of the mean square. Default 1e-8. */
  eps?: number;
  /** Decoupled weight decay: a step multiplies the parameter by 1 − lr · weightDecay. Default 1e-2. */
  weightDecay?: number;
}

/**
 * AdamW, as torch.optim.AdamW without amsgrad. Weight decay applies only to parameters whose `weightDecay` is true.
 * @see Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
 */
export class AdamW extends Optimizer {
  protected readonly stateNames = ['exp_avg', 'exp_avg_sq'] as const;
  readonly #betas: readonly [number, number];
  readonly #eps: number;

  /** @throws RangeError, TypeError or Error if an option, a group or a parameter is invalid. */
  constructor(
    groups: readonly ParameterGroup[] | readonly OptimizedParameter[],
    { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 1e-2 }: AdamWOptions = {},
  ) {
    super('AdamW', groups, lr, weightDecay);
    this.#betas = [checkFraction('AdamW: betas[0]', betas[0]), checkFraction('AdamW: betas[1]', betas[1])];
    this.#eps = checkNotNegative('AdamW: eps', eps);
  }

  protected update(updates: readonly Update[]): void {
    const [beta1, beta2] = this.#betas;
    adamWUpdateEach(
      updates.map(({ variable, state: [expAvg, expAvgSq], gradient, step }) => ({
        parameter: variable,
        gradient,
        expAvg,
        expAvgSq,
        step: { beta1, beta2, eps: this.#eps, ...step },
      })),
    );
  }
}
