import type * as tf from '@tensorflow/tfjs-core';
import { Module } from '@unitsphere/core';
import { BatchNorm1d, type BatchNormOptions } from './batch-norm.js';
import { LayerNorm } from './layer-norm.js';

/**
 * LayerNorm followed by BatchNorm: the norm of the reference system's best model. State dict: `ln.*`, `bn.*`.
 * float32 [batch, features] in and out.
 */
export class LayerNormBatchNorm extends Module<tf.Tensor2D, tf.Tensor2D> {
  readonly #ln;
  readonly #bn;

  constructor(features: number, options: BatchNormOptions = {}) {
    super();
    this.#ln = this.child('ln', new LayerNorm(features, { epsilon: options.epsilon }));
    this.#bn = this.child('bn', new BatchNorm1d(features, options));
  }

  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.#bn.forward(this.#ln.forward(x) as tf.Tensor2D);
  }
}
