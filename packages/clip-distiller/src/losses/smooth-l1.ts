import * as tf from '@tensorflow/tfjs-core';

/** Computes torch.nn.functional.smooth_l1_loss: the mean of 0.5 · d² if |d| < 1, else |d| − 0.5, with d = a − b. */
export function smoothL1(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  const size = tf.abs(tf.sub(a, b));
  // Splitting |d| at 1 avoids a conditional: 0.5 · inner² + (size − inner).
  const inner = tf.minimum(size, 1);
  return tf.mean(tf.add(tf.mul(tf.square(inner), 0.5), tf.sub(size, inner))) as tf.Scalar;
}
