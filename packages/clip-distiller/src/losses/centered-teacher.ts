import * as tf from '@tensorflow/tfjs-core';
import { checkFeatures } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';

/**
 * Wraps a loss and subtracts the batch's mean from the teacher's features first. Features after a ReLU or swish have a large
 * common part: their cosines are all close to 1, and a student learns that part before the differences between images. The
 * mean is that of the batch (of each replica's part), so the class is stateless.
 * @see Caron et al., "Emerging Properties in Self-Supervised Vision Transformers" (2021), section 3.1, whose center is an
 * average over batches.
 */
export class CenteredTeacher implements DistillationLoss {
  readonly name: string;
  readonly sameWidth: boolean;

  readonly #loss: DistillationLoss;

  /** @param loss The wrapped loss. */
  constructor(loss: DistillationLoss) {
    this.#loss = loss;
    this.name = loss.name;
    this.sameWidth = loss.sameWidth;
  }

  /** @throws As the wrapped loss, and RangeError for a batch of one image, whose centered feature is 0. */
  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures('CenteredTeacher', student, teacher, { smallestBatch: 2 });
    return tf.tidy(() => this.#loss.loss(student, tf.sub(teacher, tf.mean(teacher, 0, true)) as tf.Tensor2D));
  }
}
