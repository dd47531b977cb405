import * as tf from '@tensorflow/tfjs-core';
import { checkFeatures } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';
import { smoothL1 } from './smooth-l1.js';

// Points with a smaller squared distance count as equal.
const SMALLEST_SQUARE = 1e-12;

/**
 * RKD-D: smooth L1 between the student's and the teacher's distances of images, averaged over all batch² pairs. The distances
 * are divided by their mean over pairs of different images; an image's distance to itself is 0. Widths may differ.
 *
 * The gradient of the distance of equal features is defined as 0.
 * @see Park et al., "Relational Knowledge Distillation" (2019), equations 4 to 6, and the authors' RkdDistance.
 */
export class RKDDistance implements DistillationLoss {
  readonly name = 'rkd-distance';
  readonly sameWidth = false;

  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures('RKDDistance', student, teacher, { smallestBatch: 2 });
    return tf.tidy(() => smoothL1(relativeDistances(student), relativeDistances(teacher)));
  }
}

/**
 * RKD-A: smooth L1 between the student's and the teacher's cosines of the angles at the first of three images, averaged over all
 * batch³ triples; triples without an angle add 0. Widths may differ. The memory is proportional to
 * batch² · (batch + width).
 *
 * The direction between equal features and its gradient are defined as 0.
 * @see Park et al., "Relational Knowledge Distillation" (2019), equations 7 to 9, and the authors' RKdAngle.
 */
export class RKDAngle implements DistillationLoss {
  readonly name = 'rkd-angle';
  readonly sameWidth = false;

  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures('RKDAngle', student, teacher, { smallestBatch: 3 });
    return tf.tidy(() => smoothL1(angleCosines(student), angleCosines(teacher)));
  }
}

/** Computes the differences of all pairs, their lengths (bounded away from 0), and 1 for each pair of different points. */
function comparePairs(x: tf.Tensor2D) {
  const [batch, width] = x.shape;
  const differences = tf.sub(tf.reshape(x, [1, batch, width]), tf.reshape(x, [batch, 1, width]));
  const squares = tf.sum(tf.square(differences), 2);
  // tf.greater has no gradient; that of tf.step is 0.
  const distinct = tf.step(tf.sub(squares, SMALLEST_SQUARE));
  return { differences, lengths: tf.sqrt(tf.maximum(squares, SMALLEST_SQUARE)), distinct };
}

function relativeDistances(x: tf.Tensor2D): tf.Tensor {
  const { lengths, distinct } = comparePairs(x);
  const distances = tf.mul(lengths, distinct);
  const batch = x.shape[0];
  // If all features are equal, the mean is 0, and all distances remain 0.
  const mean = tf.maximum(tf.div(tf.sum(distances), batch * (batch - 1)), Math.sqrt(SMALLEST_SQUARE));
  return tf.div(distances, mean);
}

function angleCosines(x: tf.Tensor2D): tf.Tensor {
  const { differences, lengths, distinct } = comparePairs(x);
  const inverse = tf.expandDims(tf.div(distinct, lengths), 2);
  const directions = tf.mul(differences, inverse) as tf.Tensor3D;
  return tf.matMul(directions, directions, false, true);
}
