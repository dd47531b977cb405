import * as tf from '@tensorflow/tfjs-core';

/** Stands for −∞: its exponential is 0, and differences with it stay finite. */
export const LOWEST = -1e30;

/**
 * Computes log Σ counts · exp(x) along the last axis, and the derivative by x.
 * @param x float32 [rows, columns].
 * @param counts float32 [rows, columns]: how often each entry counts; 0 leaves it out.
 * @param addOne Whether to add 1 to the sum.
 * @returns `value` [rows], which is 0 for rows without entries; `slope` [rows, columns]; `isAny`, bool [rows].
 */
export function maskedLogSumExp(x: tf.Tensor2D, counts: tf.Tensor2D, addOne = false) {
  const masked = tf.where(tf.greater(counts, 0), x, LOWEST);
  const largest = tf.max(masked, 1, true);
  const top = addOne ? tf.maximum(largest, 0) : largest;
  const terms = tf.mul(counts, tf.exp(tf.sub(masked, top)));
  const sum = tf.sum(terms, 1, true);
  const total = addOne ? tf.add(sum, tf.exp(tf.neg(top))) : sum;
  const isAny = tf.greater(tf.sum(counts, 1, true), 0);
  const safe = tf.where(isAny, total, 1);
  const value = tf.where(isAny, tf.add(tf.log(safe), top), 0);
  return {
    value: tf.squeeze(value, [1]) as tf.Tensor1D,
    slope: tf.div(terms, safe) as tf.Tensor2D,
    isAny: tf.squeeze(isAny, [1]) as tf.Tensor1D,
  };
}
