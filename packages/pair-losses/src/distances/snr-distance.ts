import * as tf from '@tensorflow/tfjs-core';
import { type Distance, keepRows, normalizeRows, squaredDistances, type WithPullback } from './distance.js';

/** Options of `SNRDistance`. */
export interface SNRDistanceOptions {
  /** Whether to divide each embedding by its length first. Default true. */
  normalize?: boolean;
}

/**
 * Noise-to-signal ratio of two embeddings: var(q − r) / var(q), where q is the anchor. It is not symmetric.
 * @see Yuan et al., "Signal-to-Noise Ratio: A Robust Distance Metric for Deep Metric Learning", CVPR 2019.
 */
export class SNRDistance implements Distance {
  readonly isInverted = false;
  readonly power = 1;
  readonly normalize: boolean;

  constructor({ normalize = true }: SNRDistanceOptions = {}) {
    this.normalize = normalize;
  }

  prepare(x: tf.Tensor2D): WithPullback<tf.Tensor2D, tf.Tensor2D> {
    const normalized = this.normalize ? normalizeRows(x) : keepRows(x);
    const center = (y: tf.Tensor2D) => tf.sub(y, tf.mean(y, 1, true)) as tf.Tensor2D;
    // Centering is its own transpose.
    return { value: center(normalized.value), pullback: (d) => normalized.pullback(center(d)) };
  }

  matrix(query: tf.Tensor2D, reference: tf.Tensor2D): WithPullback<tf.Tensor2D, [tf.Tensor2D, tf.Tensor2D]> {
    // Both variances have the same divisor, which cancels.
    const noise = squaredDistances(query, reference);
    const signal = tf.sum(tf.square(query), 1, true);
    const value = tf.div(noise.value, signal) as tf.Tensor2D;
    return {
      value,
      pullback(d) {
        const [dQuery, dReference] = noise.pullback(tf.div(d, signal) as tf.Tensor2D);
        const dSignal = tf.div(tf.sum(tf.mul(d, value), 1, true), signal);
        return [tf.sub(dQuery, tf.mul(tf.mul(query, 2), dSignal)) as tf.Tensor2D, dReference];
      },
    };
  }

  valuesPerEntry(): number {
    return 1;
  }
}
