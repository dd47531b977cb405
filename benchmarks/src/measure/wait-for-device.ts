import * as tf from '@tensorflow/tfjs-core';
import { relu } from '@unitsphere/ops';

/** Resolves when the current backend has run everything that it was given: WebGPU and TensorFlow's library run it later. */
export async function waitForDevice(): Promise<void> {
  const last = tf.tidy(() => relu(tf.ones([1])));
  await last.data();
  last.dispose();
}
