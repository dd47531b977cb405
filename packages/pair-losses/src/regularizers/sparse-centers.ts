import * as tf from '@tensorflow/tfjs-core';
import { checkCount } from '../check.js';
import { normalizeRows } from '../distances/distance.js';
import { RowRegularizer } from './row-regularizer.js';

/** Options of `SparseCentersRegularizer`. */
export interface SparseCentersRegularizerOptions {
  /** Number of centers of each class, at least 2; the rows of a class are consecutive. */
  centersPerClass: number;
}

/** Added below the root, as in pytorch-metric-learning, so that equal centers have a finite gradient. */
const SMALL = 1e-7;

/**
 * Sum over the pairs of centers of one class of √(2 − 2 · cosine), divided by twice the number of pairs. It merges the centers of
 * a class that are not needed.
 * @see Qian et al., "SoftTriple Loss: Deep Metric Learning Without Triplet Sampling", ICCV 2019.
 */
export class SparseCentersRegularizer extends RowRegularizer {
  readonly centersPerClass: number;

  /** @throws RangeError unless centersPerClass is an integer of at least 2. */
  constructor({ centersPerClass }: SparseCentersRegularizerOptions) {
    super();
    this.centersPerClass = checkCount('SparseCentersRegularizer: centersPerClass', centersPerClass, 2);
  }

  /** @throws RangeError unless the rows are a multiple of centersPerClass. */
  protected penalty(x: tf.Tensor2D) {
    const { centersPerClass } = this;
    const [rows, width] = x.shape;
    if (rows % centersPerClass !== 0) {
      throw new RangeError(
        `SparseCentersRegularizer: ${rows} rows are no multiple of ${centersPerClass} centers per class; pass all centers of every class.`,
      );
    }
    const classes = rows / centersPerClass;
    const { value: unit, pullback } = normalizeRows(x);
    const centers = tf.reshape(unit, [classes, centersPerClass, width]);
    const cosines = tf.matMul(centers, centers, false, true);
    const pairs = tf.sub(1, tf.eye(centersPerClass));
    const lengths = tf.sqrt(tf.add(tf.relu(tf.sub(2, tf.mul(cosines, 2))), SMALL));
    // Every pair occurs twice in the matrix.
    const count = (classes * centersPerClass * (centersPerClass - 1)) / 2;
    const isBelow = tf.cast(tf.less(cosines, 1), 'float32');
    const slope = tf.mul(tf.div(isBelow, lengths), tf.mul(pairs, -1 / (2 * count)));
    return {
      value: tf.div(tf.sum(tf.mul(lengths, pairs)), 4 * count),
      gradient: pullback(tf.reshape(tf.matMul(slope, centers), [rows, width])),
    };
  }
}
