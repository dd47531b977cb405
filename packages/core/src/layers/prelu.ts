import type * as tf from '@tensorflow/tfjs-core';
import { prelu } from '@unitsphere/ops';
import { constant } from '../initializers.js';
import { Module } from '../module.js';

/**
 * torch.nn.PReLU with one slope per channel of the last axis, or one shared slope (`new PReLU(1)`). Slopes start at 0.25.
 * State dict: `weight` [channels].
 */
export class PReLU<T extends tf.Tensor = tf.Tensor> extends Module<T, T> {
  readonly weight;

  constructor(channels: number) {
    super();
    // Weight decay would pull the slopes toward ReLU.
    this.weight = this.parameter('weight', [channels], constant([channels], 0.25), { weightDecay: false });
  }

  /** @param x float32 [..., channels]. @returns The same shape. */
  override forward(x: T): T {
    return prelu(x, this.weight.variable as tf.Tensor1D);
  }
}
