import * as tf from '@tensorflow/tfjs-core';
import type { WithPullback } from './distance.js';

/** Computes the Lp length along the last axis; its gradient at 0 is 0. */
export function lpLengths(x: tf.Tensor, p: number): WithPullback<tf.Tensor, tf.Tensor> {
  const size = tf.abs(x);
  const largest = tf.maximum(tf.max(size, -1, true), 1e-30);
  const relative = tf.div(size, largest);
  const sum = tf.sum(tf.pow(relative, p), -1, true);
  const length = tf.mul(tf.pow(sum, 1 / p), largest);
  return {
    value: tf.squeeze(length, [-1 + x.rank]),
    pullback(d) {
      const isZero = tf.lessEqual(length, 1e-30);
      const ratio = tf.div(size, tf.where(isZero, tf.onesLike(length), length));
      const slope = tf.mul(tf.sign(x), p === 1 ? tf.onesLike(size) : tf.pow(ratio, p - 1));
      return tf.mul(tf.where(isZero, tf.zerosLike(length), tf.expandDims(d, -1)), slope);
    },
  };
}
