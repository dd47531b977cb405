import type * as tf from '@tensorflow/tfjs-core';

/** A loss that draws a student's features toward a teacher's. */
export interface DistillationLoss {
  /** The name that `createDistillationLoss` knows it by. */
  readonly name: string;
  /**
   * Whether student and teacher features must have the same width, so that a student of another width needs a
   * `ProjectionHead`. Relational losses compare samples with each other and take any widths.
   */
  readonly sameWidth: boolean;

  /**
   * The loss of a batch. Differentiable in the student's features; none flows to the teacher's.
   * @param student float32 [batch, width], behind the projection head where there is one; of any length.
   * @param teacher float32 [batch, teacherWidth], the teacher's features of the same images in the same order; of any
   * length, as the teacher gives them.
   * @returns A float32 scalar.
   * @throws TypeError on a wrong rank or dtype; RangeError where the batches or, if it matters, the widths differ, or
   * where the batch is too small for the loss.
   */
  loss(student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar;
}
