import * as tf from '@tensorflow/tfjs-core';
import { scaleSamples } from '@unitsphere/ops';
import { Module } from '../module.js';
import type { Random } from '../random.js';

/**
 * Stochastic depth (Huang et al., 2016) of a residual branch, as timm's DropPath. In training, each sample's branch is
 * zero with probability `rate` and otherwise divided by 1 − rate. In evaluation, it is unchanged.
 */
export class DropPath<T extends tf.Tensor = tf.Tensor> extends Module<T, T> {
  readonly #rate: number;
  #random: Random;

  /**
   * @param rate Drop probability in [0, 1).
   * @param random Random stream, one draw per sample. Its position is not in the state dict; see `drawFrom`.
   * @throws RangeError if the rate is outside [0, 1).
   */
  constructor(rate: number, random: Random) {
    super();
    this.#rate = rate;
    this.#random = random;

    if (!(rate >= 0 && rate < 1)) throw new RangeError(`DropPath: rate must be in [0, 1), not ${rate}.`);
  }

  /** Replaces the random stream. A trainer that sets one keyed by the step can be resumed at any step. */
  drawFrom(random: Random): void {
    this.#random = random;
  }

  /** @param x float32 [batch, ...]. @returns The same shape. */
  override forward(x: T): T {
    if (!this.training || this.#rate === 0) return x;
    const kept = 1 / (1 - this.#rate);
    const factors = Array.from({ length: x.shape[0] }, () => (this.#random.boolean(this.#rate) ? 0 : kept));
    return scaleSamples(x, tf.tensor1d(factors));
  }
}
