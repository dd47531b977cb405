/** PReLU in stock operations, with one slope per channel or one for all channels. */
import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';

/** Returns z where z is positive, else slope · z. */
export function composePrelu(z: tf.Tensor, slope: tf.Tensor1D): tf.Tensor {
  return tf.where(tf.greater(z, 0), z, tf.mul(z, slope));
}

/** Returns the gradient with respect to z. */
export function composePreluGrad(dy: tf.Tensor, z: tf.Tensor, slope: tf.Tensor1D): tf.Tensor {
  return tf.where(tf.greater(z, 0), dy, tf.mul(dy, slope));
}

/** Returns the gradient with respect to the slopes: Σ dy · min(z, 0), over all channels if there is one slope. */
export function composeSlopeGrad(dy: tf.Tensor, z: tf.Tensor, slopes: number): tf.Tensor {
  const terms = tf.mul(tf.minimum(z, 0), dy);
  if (slopes === 1) return tf.reshape(tf.sum(terms), [1]);
  return tf.sum(tf.reshape(terms, [-1, slopes]), 0);
}

/** Throws unless slope is a float32 vector with one value per channel, or with one value. */
export function checkSlope(op: string, slope: tf.Tensor, channels: number): void {
  checkFloat(op, 'slope', slope, 1);
  if (slope.shape[0] !== 1 && slope.shape[0] !== channels) {
    throw new Error(
      `${op}: slope has ${slope.shape[0]} values for ${channels} channels. Give one value per channel, or one for all.`,
    );
  }
}
