import * as tf from '@tensorflow/tfjs-core';
import { checkFeatures } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';
import { smoothL1 } from './smooth-l1.js';

// Squared distances below this are of the same point.
const SMALLEST_SQUARE = 1e-12;

/**
 * RKD-D: the distances between the images of a batch, divided by their mean over all pairs of two images, drawn to
 * the teacher's by smooth L1, averaged over all batch² pairs (an image with itself adds 0). Widths may differ.
 *
 * Where two of the student's features are the same point, the gradient of their distance is taken as 0.
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
 * RKD-A: the cosines of the angles that each three images of a batch form, at the first of them, drawn to the teacher's by
 * smooth L1, averaged over all batch³ triples (those without an angle add 0). Widths may differ. It takes memory in
 * proportion to batch² · (batch + width).
 *
 * A direction between two of the student's features that are the same point is taken as 0, and so is its gradient.
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

/** The differences of all pairs, their squared lengths kept off 0, and 1 where the pair is apart. */
function pairs(x: tf.Tensor2D) {
  const [batch, width] = x.shape;
  const differences = tf.sub(tf.reshape(x, [1, batch, width]), tf.reshape(x, [batch, 1, width]));
  const squares = tf.sum(tf.square(differences), 2);
  // Not tf.greater, which has no gradient: step's is 0.
  const apart = tf.step(tf.sub(squares, SMALLEST_SQUARE));
  return { differences, lengths: tf.sqrt(tf.maximum(squares, SMALLEST_SQUARE)), apart };
}

function relativeDistances(x: tf.Tensor2D): tf.Tensor {
  const { lengths, apart } = pairs(x);
  const distances = tf.mul(lengths, apart);
  const batch = x.shape[0];
  // All images at one point: the mean is 0, and all distances stay 0.
  const mean = tf.maximum(tf.div(tf.sum(distances), batch * (batch - 1)), Math.sqrt(SMALLEST_SQUARE));
  return tf.div(distances, mean);
}

function angleCosines(x: tf.Tensor2D): tf.Tensor {
  const { differences, lengths, apart } = pairs(x);
  const inverse = tf.expandDims(tf.div(apart, lengths), 2);
  const directions = tf.mul(differences, inverse) as tf.Tensor3D;
  return tf.matMul(directions, directions, false, true);
}
