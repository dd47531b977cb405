import type * as tf from '@tensorflow/tfjs-core';

/** Loss that pulls a student's features toward a teacher's. */
export interface DistillationLoss {
  /** Name for `createDistillationLoss`. */
  readonly name: string;
  /**
   * Whether student and teacher features must have the same width, so that a student of another width requires a
   * `ProjectionHead`. Relational losses compare images with each other and allow any widths.
   */
  readonly sameWidth: boolean;

  /**
   * Computes the loss of a batch. It is differentiable in the student's features.
   * @param student float32 [batch, width], after the projection head if there is one; not normalized.
   * @param teacher float32 [batch, teacherWidth], the teacher's features of the same images in the same order; not
   *   normalized.
   * @returns A float32 scalar.
   * @throws TypeError for a wrong rank or dtype; RangeError if the batch sizes or, if `sameWidth`, the widths differ, or the
   *   batch is too small for the loss.
   */
  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar;
}
