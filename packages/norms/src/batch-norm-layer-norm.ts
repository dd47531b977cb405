import type * as tf from '@tensorflow/tfjs-core';
import { Module } from '@unitsphere/core';
import { BatchNorm1d, type BatchNormOptions } from './batch-norm.js';
import { LayerNorm } from './layer-norm.js';

/**
 * BatchNorm followed by LayerNorm: `LayerNormBatchNorm` in reverse order, for comparisons. State dict: `bn.*`, `ln.*`.
 * float32 [batch, features] in and out.
 */
export class BatchNormLayerNorm extends Module<tf.Tensor2D, tf.Tensor2D> {
  readonly #bn;
  readonly #ln;

  constructor(features: number, options: BatchNormOptions = {}) {
    super();
    this.#bn = this.child('bn', new BatchNorm1d(features, options));
    this.#ln = this.child('ln', new LayerNorm(features, { epsilon: options.epsilon }));
  }

  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.#ln.forward(this.#bn.forward(x)) as tf.Tensor2D;
  }
}
