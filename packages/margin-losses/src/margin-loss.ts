import type * as tf from '@tensorflow/tfjs-core';
import type { RunningStatistics } from './running-statistics.js';

/**
 * The class of each row: an int32 value in [0, classes), or −1 if the row's class is not among these columns, for example
 * with a shard of the classes.
 *
 * An Int32Array is always checked. A tensor is checked on backends that keep tensors in the host's memory (`cpu`, `wasm`,
 * `tensorflow`). On other backends reading it would stall the device, so a value outside [0, classes) counts as −1.
 */
export type Labels = tf.Tensor1D | Int32Array;

/** A loss of cosines and labels. It does not depend on where the class centers are stored. */
export interface MarginLoss {
  /** Factor of the cosines, after the margin. */
  readonly scale: number;

  /** Whether the margin depends on the embeddings' lengths, so that every call requires `norms`. Default false. */
  readonly needsNorms?: boolean;

  /** Running statistics over the batches, which a checkpoint must keep; absent if the loss has none. */
  readonly statistics?: RunningStatistics;

  /**
   * Computes the logits: applies the margin to each row's label column and multiplies everything by `scale`. A row with
   * label −1 gets no margin. Differentiable in the cosines.
   * @param cosines float32 [batch, classes], each in [−1, 1] up to rounding.
   * @param labels int32 [batch]; see {@link Labels}.
   * @param norms float32 [batch], required if `needsNorms` is true: the embeddings' lengths before normalization. They
   *   receive no gradient.
   * @returns float32 [batch, classes].
   * @throws TypeError for a wrong rank or dtype, or if required norms are missing; RangeError if the batch sizes differ
   *   or a label is out of range.
   */
  logits(cosines: tf.Tensor2D, labels: Labels, norms?: tf.Tensor1D): tf.Tensor2D;

  /**
   * Computes the cross-entropy of the logits, averaged over the batch: mean of −log softmax(logits)[label].
   * Differentiable in the cosines, in one pass: (softmax − one-hot) · d logit / d cosine / batch.
   *
   * A row with label −1 adds 0 to the sum, because its own logit is missing, and still counts in the batch size. Its
   * gradient is softmax / batch, that of its log-sum-exp, as in insightface.
   * @param cosines float32 [batch, classes], each in [−1, 1] up to rounding.
   * @param labels int32 [batch]; see {@link Labels}.
   * @param norms As for {@link logits}.
   * @returns A float32 scalar.
   * @throws As {@link logits}.
   */
  loss(cosines: tf.Tensor2D, labels: Labels, norms?: tf.Tensor1D): tf.Scalar;
}

/** The margin function at each row's label cosine. */
export interface MarginTarget {
  /** float32 [batch]: value of the margin function; the label's logit is `scale` times this. */
  value: tf.Tensor1D;
  /** float32 [batch]: d value / d cosine, exact or pass-through by the loss's `gradient`; 0 beyond ±1 due to clamping. */
  slope: tf.Tensor1D;
}

/** The transformed cosines of the classes other than the label. */
export interface MarginNegatives {
  /** float32 [batch, classes]: the logits are `scale` times these values. */
  value: tf.Tensor2D;
  /** float32 [batch, classes]: d value / d cosine. */
  slope: tf.Tensor2D;
}

/**
 * A loss whose logits each depend only on their own cosine and on the label's, so that it can be computed in parts. The
 * parts do not update the loss's statistics: call `statistics.observe` once per batch first.
 */
export interface LabelMarginLoss extends MarginLoss {
  /** Number of centers of each class, the nearest of which gives a class's cosine. Default 1. */
  readonly subCenters?: number;

  /**
   * Computes the margin function alone, for a softmax that is assembled elsewhere, for example over sharded class
   * centers. Not differentiable; it returns the slope instead.
   * @param own float32 [batch]: each row's cosine with its label's center, in [−1, 1] up to rounding.
   * @param norms As for {@link MarginLoss.logits}.
   * @throws TypeError for a wrong rank or dtype, or if required norms are missing.
   */
  target(own: tf.Tensor1D, norms?: tf.Tensor1D): MarginTarget;

  /**
   * Computes the other columns alone; absent if they are the unchanged cosines. Ignore the result in the label's column.
   * @param cosines float32 [batch, classes], for any subset of the classes.
   * @param own float32 [batch]: each row's cosine with its label's center, which may be outside this subset.
   */
  negatives?(cosines: tf.Tensor2D, own: tf.Tensor1D): MarginNegatives;
}

/** Options of every margin loss. */
export interface MarginLossOptions {
  /** Factor of the cosines, after the margin; above 0. Default 64. */
  scale?: number;
  /**
   * Derivative of the label's column. `exact` (default) is the true derivative of the margin function. `pass-through`
   * takes it as 1, as insightface's code does by changing the logit outside autograd: d logit / d cosine is `scale`.
   */
  gradient?: 'exact' | 'pass-through';
  /**
   * Whether to read the cosines before every use and throw if one is NaN, infinite or beyond ±1.001. Default false: it
   * costs a download, and WebGPU, which has no synchronous reads, does not support it.
   */
  checkNumerics?: boolean;
}
