import type * as tf from '@tensorflow/tfjs-core';

/** Maximum of a row that has no column but its label's: below every logit, and finite. */
export const NO_COLUMN = -1e30;

/** Smallest norm that a center is divided by, as in torch.nn.functional.normalize. */
export const SMALLEST_NORM = 1e-12;

/** Attributes of both passes of the margin softmax. */
export type MarginSoftmaxAttrs = { scale: number; filterThreshold: number };
/** Attributes of the forward pass. */
export type MarginSoftmaxForwardAttrs = MarginSoftmaxAttrs & { keepCosines: boolean };

/** Inputs of the forward pass; see marginSoftmaxForward. */
export type MarginSoftmaxForwardInputs = {
  embeddings: tf.Tensor2D;
  centers: tf.Tensor2D;
  labels: tf.Tensor1D;
};

/** Inputs of the backward pass. */
export interface MarginSoftmaxBackwardInputs {
  /** float32 [B, D], rows of unit length. */
  embeddings: tf.Tensor2D;
  /** float32 [C, D], of any length. */
  centers: tf.Tensor2D;
  /** int32 [B]: column of each row's label among these centers, or −1. */
  labels: tf.Tensor1D;
  /** float32 [C], from the forward pass. */
  inverseNorms: tf.Tensor1D;
  /** float32 [B]: log of the sum of exp(logit) over all classes of all ranks; the label's logit includes its margin. */
  logSumExp: tf.Tensor1D;
  /** float32 [B]: derivative of the loss with respect to the cosine in the label's column. */
  ownGradient: tf.Tensor1D;
  /** Cosines that the forward pass kept, for the same embeddings, centers and backend; optional. */
  cosines?: tf.Tensor1D;
}
