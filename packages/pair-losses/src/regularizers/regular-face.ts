import * as tf from '@tensorflow/tfjs-core';
import { normalizeRows } from '../distances/distance.js';
import { RowRegularizer } from './row-regularizer.js';

/**
 * Mean over the rows of the cosine with their nearest other row, which pushes class centers apart. A single row costs 0. The
 * gradient reaches both rows of a pair; which row is nearest receives none.
 * @see Zhao, Xu and Cheng, "RegularFace: Deep Face Recognition via Exclusive Regularization", CVPR 2019.
 */
export class RegularFaceRegularizer extends RowRegularizer {
  protected penalty(x: tf.Tensor2D) {
    const [rows] = x.shape;
    if (rows === 1) return { value: tf.mul(tf.sum(x), 0), gradient: tf.mul(x, 0) };
    const { value: unit, pullback } = normalizeRows(x);
    const cosines = tf.matMul(unit, unit, false, true);
    const others = tf.sub(cosines, tf.mul(tf.eye(rows), 4));
    // The first of equal ones, as a matrix with one 1 per row.
    const nearest = tf.cast(
      tf.equal(tf.expandDims(tf.argMax(others, 1), 1), tf.range(0, rows, 1, 'int32')),
      'float32',
    );
    const weights = tf.div(tf.add(nearest, tf.transpose(nearest)), rows) as tf.Tensor2D;
    return {
      value: tf.div(tf.sum(tf.mul(cosines, nearest)), rows),
      gradient: pullback(tf.matMul(weights, unit)),
    };
  }
}
