import * as tf from '@tensorflow/tfjs-core';
import { RowRegularizer } from './row-regularizer.js';

/** Mean over the rows of |Σ x|. */
export class ZeroMeanRegularizer extends RowRegularizer {
  protected penalty(x: tf.Tensor2D) {
    const sums = tf.sum(x, 1, true);
    const slope = tf.div(tf.sign(sums), x.shape[0]);
    return { value: tf.mean(tf.abs(sums)), gradient: tf.mul(tf.onesLike(x), slope) };
  }
}
