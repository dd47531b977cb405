import * as tf from '@tensorflow/tfjs-core';

/** Reshapes a tensor with channels last to [rows, channels]. */
export function toRows(x: tf.Tensor): tf.Tensor2D {
  return tf.reshape(x, [-1, x.shape[x.rank - 1]]);
}
