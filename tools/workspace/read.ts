import * as tf from '@tensorflow/tfjs-core';

/** A tensor's values, on every backend; called inside a tidy it outlives that. */
export async function read(tensor: tf.Tensor): Promise<Float32Array> {
  const own = tf.keep(tf.clone(tensor));
  try {
    return (await own.data()) as Float32Array;
  } finally {
    own.dispose();
  }
}
