import type * as tf from '@tensorflow/tfjs-core';
import { initializers, Module } from '@unitsphere/core';
import { layerNorm } from '@unitsphere/ops';

/** Options of a norm. */
export interface NormOptions {
  /** Added to the variance. Default 1e-5, as in PyTorch. */
  epsilon?: number;
}

/** Equivalent of torch.nn.LayerNorm over the last axis. State dict: `weight`, `bias`. */
export class LayerNorm extends Module {
  readonly weight;
  readonly bias;
  readonly #epsilon: number;

  /** @param features Size of the last axis. */
  constructor(features: number, { epsilon = 1e-5 }: NormOptions = {}) {
    super();
    this.#epsilon = epsilon;
    this.weight = this.parameter('weight', [features], initializers.constant([features], 1), {
      weightDecay: false,
    });
    this.bias = this.parameter('bias', [features], initializers.constant([features], 0), {
      weightDecay: false,
    });
  }

  /** @param x float32 [..., features]. @returns The same shape. */
  override forward(x: tf.Tensor): tf.Tensor {
    return layerNorm(x, this.weight.variable as tf.Tensor1D, this.bias.variable as tf.Tensor1D, {
      epsilon: this.#epsilon,
    });
  }
}
