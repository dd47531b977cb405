import * as tf from '@tensorflow/tfjs-core';

/** Reads a tensor's values on any backend. The tensor may be disposed, for example by a `tf.tidy`, while it is read. */
export async function read(tensor: tf.Tensor): Promise<Float32Array> {
  const own = tf.keep(tf.clone(tensor));
  try {
    return (await own.data()) as Float32Array;
  } finally {
    own.dispose();
  }
}
