/** PReLU in stock operations, with a slope for each channel or one for all. */
import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';

/** z where it is positive, else slope · z. */
export function composePrelu(z: tf.Tensor, slope: tf.Tensor1D): tf.Tensor {
  return tf.where(tf.greater(z, 0), z, tf.mul(z, slope));
}

/** The gradient for z. */
export function composePreluGrad(dy: tf.Tensor, z: tf.Tensor, slope: tf.Tensor1D): tf.Tensor {
  return tf.where(tf.greater(z, 0), dy, tf.mul(dy, slope));
}

/** The gradient for the slopes: Σ dy · min(z, 0), over all channels where there is one slope. */
export function composeSlopeGrad(dy: tf.Tensor, z: tf.Tensor, slopes: number): tf.Tensor {
  const terms = tf.mul(tf.minimum(z, 0), dy);
  if (slopes === 1) return tf.reshape(tf.sum(terms), [1]);
  return tf.sum(tf.reshape(terms, [-1, slopes]), 0);
}

/** Throws unless slope is a float32 vector with one value for each channel, or a single one. */
export function checkSlope(op: string, slope: tf.Tensor, channels: number): void {
  checkFloat(op, 'slope', slope, 1);
  if (slope.shape[0] !== 1 && slope.shape[0] !== channels) {
    throw new Error(
      `${op}: slope has ${slope.shape[0]} values, but there are ${channels} channels; it must have as many, or 1 for all.`,
    );
  }
}
