import * as tf from '@tensorflow/tfjs-core';
import { checkFeatures } from './check.js';
import type { DistillationLoss } from './distillation-loss.js';

/**
 * Any loss, of the teacher's features less their mean over the batch. Features behind a ReLU or swish have a large part in
 * common: their cosines are all near 1, and a student that follows them learns that part before what tells images apart.
 * Each batch (on replicas: each replica's part) has a mean of its own, so there is no state.
 * @see Caron et al., "Emerging Properties in Self-Supervised Vision Transformers" (2021), section 3.1, whose center is an
 * average over batches.
 */
export class CenteredTeacher implements DistillationLoss {
  readonly name: string;
  readonly sameWidth: boolean;

  readonly #of: DistillationLoss;

  /** @param of The loss. */
  constructor(of: DistillationLoss) {
    this.#of = of;

    this.name = of.name;
    this.sameWidth = of.sameWidth;
  }

  /** @throws As the loss does; RangeError also for a batch of one image, which would have nothing left. */
  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar {
    checkFeatures('CenteredTeacher', student, teacher, { smallestBatch: 2 });
    return tf.tidy(() => this.#of.loss(student, tf.sub(teacher, tf.mean(teacher, 0, true)) as tf.Tensor2D));
  }
}
