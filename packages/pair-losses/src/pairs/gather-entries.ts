import * as tf from '@tensorflow/tfjs-core';
import type { WithPullback } from '../distances/distance.js';

/**
 * Gathers entries of a matrix.
 * @param matrix float32 [rows, columns].
 * @param rows Row of each entry.
 * @param columns Column of each entry.
 * @returns float32 [entries]; the pullback sums the gradients of repeated entries.
 */
export function gatherEntries(
  matrix: tf.Tensor2D,
  rows: Int32Array,
  columns: Int32Array,
): WithPullback<tf.Tensor1D, tf.Tensor2D> {
  const [height, width] = matrix.shape;
  const places = tf.tensor1d(
    rows.map((row, k) => row * width + columns[k]),
    'int32',
  );
  return {
    value: tf.gather(tf.reshape(matrix, [-1]) as tf.Tensor1D, places),
    pullback: (d) =>
      tf.reshape(tf.scatterND(tf.expandDims(places, 1), d, [height * width]), [height, width]) as tf.Tensor2D,
  };
}
