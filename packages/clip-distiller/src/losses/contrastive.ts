import * as tf from '@tensorflow/tfjs-core';
import { cosineLogits } from '@unitsphere/ops';
import { checkFeatures, checkPositive } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';

/** What `ContrastiveDistillation` is made with. */
export interface ContrastiveDistillationOptions {
  /** What the cosines are divided by; above 0. Default 0.07. */
  temperature?: number;
}

/**
 * Contrastive distillation: each student feature is to find its own image's teacher feature among those of the batch. The
 * mean over the batch of −log softmax(cos(student i, teacher j) / temperature) at j = i.
 *
 * The in-batch InfoNCE form (van den Oord et al., 2018) of the objective of CRD, which draws its negatives from a memory
 * bank instead: Tian, Krishnan & Isola, "Contrastive Representation Distillation" (2020).
 */
export class ContrastiveDistillation implements DistillationLoss {
  readonly name = 'contrastive';
  readonly sameWidth = true;
  readonly temperature: number;

  /** @throws RangeError for a temperature that is not above 0. */
  constructor({ temperature = 0.07 }: ContrastiveDistillationOptions = {}) {
    this.temperature = checkPositive('temperature', temperature);
  }

  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures('ContrastiveDistillation', student, teacher, { sameWidth: true, smallestBatch: 2 });
    return tf.tidy(() => {
      const logits = tf.div(cosineLogits(student, teacher), this.temperature);
      const own = tf.sum(tf.mul(logits, tf.eye(student.shape[0])), 1);
      return tf.mean(tf.sub(tf.logSumExp(logits, 1), own)) as tf.Scalar;
    });
  }
}
