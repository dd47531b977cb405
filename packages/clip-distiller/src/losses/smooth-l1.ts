import * as tf from '@tensorflow/tfjs-core';

/** The mean of 0.5 · d² where |d| < 1, else |d| − 0.5, with d = a − b: torch.nn.functional.smooth_l1_loss. */
export function smoothL1(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  const size = tf.abs(tf.sub(a, b));
  // With the part up to 1 apart from the part beyond, both pieces are smooth: 0.5 · inner² + (size − inner).
  const inner = tf.minimum(size, 1);
  return tf.mean(tf.add(tf.mul(tf.square(inner), 0.5), tf.sub(size, inner))) as tf.Scalar;
}
