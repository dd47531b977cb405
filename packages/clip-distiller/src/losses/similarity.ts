import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize, matMul, withFloat32MatmulPrecision } from '@unitsphere/ops';
import { checkFeatures } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';

/**
 * Similarity-preserving distillation: mean squared difference of the student's and the teacher's matrices of inner products
 * X · Xᵀ [batch, batch], with rows normalized to unit length. Widths may differ.
 * @see Tung & Mori, "Similarity-Preserving Knowledge Distillation" (2019), equations 1 to 4.
 */
export class SimilarityDistillation implements DistillationLoss {
  readonly name = 'similarity';
  readonly sameWidth = false;

  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures('SimilarityDistillation', student, teacher, { smallestBatch: 2 });
    return tf.tidy(
      () => tf.mean(tf.square(tf.sub(similarities(student), similarities(teacher)))) as tf.Scalar,
    );
  }
}

// Losses always compute in full float32 precision.
const similarities = (x: tf.Tensor2D) =>
  l2Normalize(withFloat32MatmulPrecision('highest', () => matMul(x, x, false, true)));
