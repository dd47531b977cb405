import * as tf from '@tensorflow/tfjs-core';

/** Returns a matrix with a 1 in the given column of each row, float32 [rows, width]. Unlike tf.oneHot, width may be 1. */
export function oneHotMatrix(columns: Int32Array, width: number): tf.Tensor2D {
  const values = new Float32Array(columns.length * width);
  columns.forEach((column, row) => {
    values[row * width + column] = 1;
  });
  return tf.tensor2d(values, [columns.length, width]);
}
