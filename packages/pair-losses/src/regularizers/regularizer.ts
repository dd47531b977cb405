import type * as tf from '@tensorflow/tfjs-core';

/** A penalty of the rows of a matrix: embeddings, or the proxies of a loss. */
export interface Regularizer {
  /**
   * Computes the mean penalty of the rows. Differentiable.
   * @param x float32 [rows, dimensions].
   * @returns A float32 scalar.
   */
  loss(x: tf.Tensor2D): tf.Scalar;
}

/** A regularizer and its weight in a loss. */
export interface WeightedRegularizer {
  regularizer: Regularizer;
  /** Factor of the penalty. Default 1. */
  weight?: number;
}
