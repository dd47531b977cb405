import type * as tf from '@tensorflow/tfjs-core';
import { sgdUpdate } from '@unitsphere/ops';
import { checkNotNegative } from './check.js';
import { Optimizer, type Slot, type SlotStep } from './optimizer.js';
import type { OptimizedParameter, ParameterGroup } from './parameter.js';

/** How an SGD is made. */
export interface SGDOptions {
  /** Learning rate. */
  lr: number;
  /** What a step keeps of the momentum buffer. Default 0: none. */
  momentum?: number;
  /** Look ahead along the momentum; needs momentum above 0 and no dampening. Default false. */
  nesterov?: boolean;
  /** Coupled decay: weightDecay · parameter is added to the gradient. Default 0. */
  weightDecay?: number;
  /** How much of the gradient is kept from entering the buffer, after the first step. Default 0. */
  dampening?: number;
}

/**
 * Stochastic gradient descent with momentum, as torch.optim.SGD. Decay acts only on parameters whose `weightDecay` is
 * true.
 */
export class SGD extends Optimizer {
  protected readonly stateNames: readonly string[];
  readonly #momentum: number;
  readonly #nesterov: boolean;
  readonly #dampening: number;

  /** @throws RangeError, TypeError or Error where an option, a group or a parameter cannot be used. */
  constructor(
    groups: readonly ParameterGroup[] | readonly OptimizedParameter[],
    { lr, momentum = 0, nesterov = false, weightDecay = 0, dampening = 0 }: SGDOptions,
  ) {
    super('SGD', groups, lr, weightDecay);
    this.#momentum = checkNotNegative('SGD: momentum', momentum);
    this.#dampening = checkNotNegative('SGD: dampening', dampening);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new RangeError('SGD: nesterov needs a momentum above 0 and a dampening of 0.');
    }
    this.#nesterov = nesterov;
    this.stateNames = momentum > 0 ? ['momentum_buffer'] : [];
  }

  protected update({ parameter, state }: Slot, gradient: tf.Tensor, step: SlotStep): void {
    const [momentum, dampening, nesterov] = [this.#momentum, this.#dampening, this.#nesterov];
    const buffer = state.get('momentum_buffer') ?? null;
    sgdUpdate(parameter.variable, gradient, buffer, { momentum, dampening, nesterov, ...step });
  }
}
