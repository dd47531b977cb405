import * as tf from '@tensorflow/tfjs-core';
import { cosineLogits } from '@unitsphere/ops';
import { checkFeatures, checkPositive } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';
import type { SettingsOf } from './setting.js';

/** Options of `ContrastiveDistillation`. */
export interface ContrastiveDistillationOptions {
  /** Divisor of the cosines; positive. Default: 0.07. */
  temperature?: number;
}

/**
 * Contrastive distillation: classifies each student feature as the teacher feature of the same image among those of the batch.
 * Mean over the batch of −log softmax(cos(student i, teacher j) / temperature) at j = i.
 *
 * This is the in-batch InfoNCE form (van den Oord et al., 2018) of CRD's objective; CRD itself draws its negatives from a
 * memory bank: Tian, Krishnan & Isola, "Contrastive Representation Distillation" (2020).
 */
export class ContrastiveDistillation implements DistillationLoss {
  readonly name = 'contrastive';
  readonly sameWidth = true;
  readonly temperature: number;

  /** @throws RangeError unless the temperature is positive. */
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

/** The registry's description of `ContrastiveDistillationOptions`. */
export const contrastiveSettings: SettingsOf<ContrastiveDistillationOptions> = {
  temperature: {
    type: 'number',
    default: 0.07,
    exclusiveMinimum: 0,
    description: 'Divisor of the cosines.',
  },
};
