import { sgdUpdate } from '@unitsphere/ops';
import { checkNotNegative } from './check.js';
import { Optimizer, type Update } from './optimizer.js';
import type { OptimizedParameter, ParameterGroup } from './parameter.js';

/** Options of `SGD`. */
export interface SGDOptions {
  /** Learning rate. */
  lr: number;
  /** Factor of the momentum buffer at each step. Default 0: no momentum. */
  momentum?: number;
  /** Whether to use Nesterov momentum; requires momentum above 0 and dampening 0. Default false. */
  nesterov?: boolean;
  /** Coupled weight decay: weightDecay · parameter is added to the gradient. Default 0. */
  weightDecay?: number;
  /** Fraction of the gradient that does not enter the momentum buffer, after the first step. Default 0. */
  dampening?: number;
}

/**
 * Stochastic gradient descent with momentum, as torch.optim.SGD. Weight decay applies only to parameters whose
 * `weightDecay` is true.
 */
export class SGD extends Optimizer {
  protected readonly stateNames: readonly string[];
  readonly #momentum: number;
  readonly #nesterov: boolean;
  readonly #dampening: number;

  /** @throws RangeError, TypeError or Error if an option, a group or a parameter is invalid. */
  constructor(
    groups: readonly ParameterGroup[] | readonly OptimizedParameter[],
    { lr, momentum = 0, nesterov = false, weightDecay = 0, dampening = 0 }: SGDOptions,
  ) {
    super('SGD', groups, lr, weightDecay);
    this.#momentum = checkNotNegative('SGD: momentum', momentum);
    this.#dampening = checkNotNegative('SGD: dampening', dampening);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new RangeError('SGD: nesterov requires momentum above 0 and dampening 0.');
    }
    this.#nesterov = nesterov;
    this.stateNames = momentum > 0 ? ['momentum_buffer'] : [];
  }

  protected update(updates: readonly Update[]): void {
    const [momentum, dampening, nesterov] = [this.#momentum, this.#dampening, this.#nesterov];
    for (const { variable, state, gradient, step } of updates) {
      // SGD without momentum keeps no buffer.
      sgdUpdate(variable, gradient, state[0] ?? null, { momentum, dampening, nesterov, ...step });
    }
  }
}
