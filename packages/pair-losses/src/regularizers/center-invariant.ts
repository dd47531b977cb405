import * as tf from '@tensorflow/tfjs-core';
import { RowRegularizer } from './row-regularizer.js';

/**
 * Penalty of unequal lengths: mean over the rows of (|x|² − m)² / 4, where m is the mean of |x|² over all rows.
 * @see Wu et al., "Deep Face Recognition with Center Invariant Loss", ACM Multimedia Workshops 2017.
 */
export class CenterInvariantRegularizer extends RowRegularizer {
  protected penalty(x: tf.Tensor2D) {
    const squares = tf.sum(tf.square(x), 1, true);
    const deviations = tf.sub(squares, tf.mean(squares));
    const value = tf.div(tf.mean(tf.square(deviations)), 4);
    // The deviations sum to 0, so the mean contributes nothing.
    return { value, gradient: tf.mul(x, tf.div(deviations, x.shape[0])) };
  }
}
