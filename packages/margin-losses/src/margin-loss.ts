import type * as tf from '@tensorflow/tfjs-core';
import type { RunningStatistics } from './running-statistics.js';

/**
 * The class of each row: an int32 value in [0, classes), or −1 where the row's class is not among these columns (a
 * shard of the classes, say).
 *
 * An Int32Array is always checked. A tensor is checked on the backends whose memory is the program's own (`cpu`,
 * `wasm`, `tensorflow`); elsewhere reading it would stall the device, so a value outside [0, classes) counts as −1.
 */
export type Labels = tf.Tensor1D | Int32Array;

/** A loss of cosines and labels. It knows nothing of where the class centers live. */
export interface MarginLoss {
  /** What the cosines are multiplied by after the margin. */
  readonly scale: number;

  /** Whether the margin is of the embeddings' lengths, so that every call wants `norms`. Default false. */
  readonly needsNorms?: boolean;

  /** What the loss keeps of the batches it has seen; absent where it keeps nothing. A checkpoint holds it. */
  readonly statistics?: RunningStatistics;

  /**
   * The logits: the margin applied to each row's label column, and everything multiplied by `scale`. A row with label
   * −1 gets no margin. Differentiable in the cosines.
   * @param cosines float32 [batch, classes], each in [−1, 1] up to rounding.
   * @param labels int32 [batch]; see {@link Labels}.
   * @param norms float32 [batch], for a loss that `needsNorms`: the embeddings' lengths before they were divided by
   *   them. No gradient goes to them.
   * @returns float32 [batch, classes].
   * @throws TypeError on a wrong rank or dtype, or where norms are needed and missing; RangeError where the batch sizes
   *   differ or a label is out of range.
   */
  logits(cosines: tf.Tensor2D, labels: Labels, norms?: tf.Tensor1D): tf.Tensor2D;

  /**
   * The cross-entropy of the logits, averaged over the batch: mean of −log softmax(logits)[label]. Differentiable in
   * the cosines, in one pass: (softmax − one-hot) · d logit / d cosine / batch.
   *
   * A row with label −1 adds 0 to the sum, as its own logit is not here, and still counts in the batch; its gradient
   * is softmax / batch, that of its log-sum-exp, as in insightface.
   * @param cosines float32 [batch, classes], each in [−1, 1] up to rounding.
   * @param labels int32 [batch]; see {@link Labels}.
   * @param norms As of {@link logits}.
   * @returns A float32 scalar.
   * @throws As {@link logits}.
   */
  loss(cosines: tf.Tensor2D, labels: Labels, norms?: tf.Tensor1D): tf.Scalar;
}

/** The margin at the label's cosine of each row. */
export interface MarginTarget {
  /** float32 [batch]: the margin's value; the label's logit is `scale` times it. */
  value: tf.Tensor1D;
  /** float32 [batch]: d value / d cosine, exact or pass-through as the loss is set; 0 beyond ±1, where it is clamped. */
  slope: tf.Tensor1D;
}

/** What a loss makes of the cosines with classes that are not the label's. */
export interface MarginNegatives {
  /** float32 [batch, classes]: the logits are `scale` times them. */
  value: tf.Tensor2D;
  /** float32 [batch, classes]: d value / d cosine. */
  slope: tf.Tensor2D;
}

/**
 * A loss whose logits are of one cosine each and of the label's, so that it can be applied by parts. Where it has
 * statistics, these parts take them as they are: `statistics.observe` moves them first, once a batch.
 */
export interface LabelMarginLoss extends MarginLoss {
  /**
   * The margin by itself, for a softmax that is put together elsewhere: over class centers of which only a part is
   * here, say. Not differentiable: the slope is given.
   * @param own float32 [batch], each row's cosine with its label's center, in [−1, 1] up to rounding.
   * @param norms As of {@link MarginLoss.logits}.
   * @throws TypeError on a wrong rank or dtype, or where norms are needed and missing.
   */
  target(own: tf.Tensor1D, norms?: tf.Tensor1D): MarginTarget;

  /**
   * The other columns by themselves; absent where they are the cosines. What comes in the label's column is of no use.
   * @param cosines float32 [batch, classes], of any part of the classes.
   * @param own float32 [batch], each row's cosine with its label's center, wherever that is.
   */
  negatives?(cosines: tf.Tensor2D, own: tf.Tensor1D): MarginNegatives;
}

/** What every margin loss can be told. */
export interface MarginLossOptions {
  /** What the cosines are multiplied by after the margin; above 0. Default 64. */
  scale?: number;
  /**
   * How the label column is differentiated. `exact` (default): the true derivative of the margin. `pass-through`: that
   * of insightface's code, which moves the label's logit unrecorded, so d logit / d cosine is `scale` there too.
   */
  gradient?: 'exact' | 'pass-through';
  /**
   * Read the cosines before every use and throw where one is NaN, infinite or beyond ±1.001. Off by default: it costs
   * a download, and does not work on WebGPU, which cannot be read synchronously.
   */
  checkNumerics?: boolean;
}
