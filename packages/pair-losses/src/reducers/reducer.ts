import * as tf from '@tensorflow/tfjs-core';

/**
 * Combines the losses of single elements (pairs, triplets or rows) into a scalar:
 * Σ rowWeight · loss / divisor, over the elements that the reducer keeps. Without elements the result is 0.
 */
export interface Reducer {
  /**
   * Returns the weight of each row's elements.
   * @param counts The number of elements per anchor row.
   * @param labels The class of each anchor row.
   * @returns One weight per row. Its values for rows without elements are not used.
   */
  rowWeights(counts: Float64Array, labels: Int32Array): Float32Array;

  /** Returns which elements to keep, bool of the same shape; absent if the reducer keeps all. */
  keeps?(losses: tf.Tensor): tf.Tensor;

  /** Returns whether to keep one loss, as `keeps` does for many; without it, losses use `keeps` alone, which is slower. */
  keepsLoss?(loss: number): boolean;

  /**
   * What the sum is divided by, besides the row weights: the number of kept elements, or a divisor that the loss defines
   * (its number of elements if it defines none). Default: nothing.
   */
  readonly divisor?: 'kept' | 'loss';
}

/** Returns the same weight for all rows. */
export function equalWeights(rows: number, weight: number): Float32Array {
  return new Float32Array(rows).fill(weight);
}

/** Returns the number of elements of all rows. */
export function countAll(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Returns which losses are in (low, high). A NaN is kept, so that the result shows it. */
export function isBetween(losses: tf.Tensor, low?: number, high?: number): tf.Tensor {
  let drop: tf.Tensor | undefined;
  if (low !== undefined) drop = tf.lessEqual(losses, low);
  if (high !== undefined) {
    const above = tf.greaterEqual(losses, high);
    drop = drop ? tf.logicalOr(drop, above) : above;
  }
  return drop ? tf.logicalNot(drop) : tf.cast(tf.onesLike(losses), 'bool');
}
