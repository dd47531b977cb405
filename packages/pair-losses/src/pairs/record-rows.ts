import * as tf from '@tensorflow/tfjs-core';

/** Gathers rows of a matrix, on the tape. The gradient sums those of repeated rows. */
export function gatherRows(x: tf.Tensor2D, rows: Int32Array): tf.Tensor2D {
  const run = tf.customGrad(((x: tf.Tensor2D) => ({
    value: tf.gather(x, tf.tensor1d(rows, 'int32')),
    gradFunc: (dy: tf.Tensor2D) => tf.tidy(() => scatterRows(dy, rows, x.shape[0])),
  })) as unknown as Parameters<typeof tf.customGrad>[0]);
  return run(x) as tf.Tensor2D;
}

/** Adds each row of x to row rows[i] of a matrix of zeros with `count` rows. */
export function scatterRows(x: tf.Tensor2D, rows: Int32Array, count: number): tf.Tensor2D {
  return tf.scatterND(tf.tensor2d(rows, [rows.length, 1], 'int32'), x, [count, x.shape[1]]) as tf.Tensor2D;
}
