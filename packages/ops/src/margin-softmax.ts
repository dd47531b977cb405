import type * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import type {
  MarginSoftmaxAttrs,
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxForwardAttrs,
  MarginSoftmaxForwardInputs,
} from './margin-softmax-attrs.js';
import { composeBackward, composeForward } from './margin-softmax-composition.js';
import {
  marginSoftmaxBackwardTensorFlow,
  marginSoftmaxForwardTensorFlow,
} from './tensorflow/margin-softmax.js';
import { marginSoftmaxBackwardWasm, marginSoftmaxForwardWasm } from './wasm/margin-softmax.js';
import { marginSoftmaxBackwardWebGpu, marginSoftmaxForwardWebGpu } from './webgpu/margin-softmax.js';

/** Options of both passes. */
export interface MarginSoftmaxOptions {
  /** Factor of the cosines; a finite number above 0. */
  scale: number;
  /**
   * Threshold of interclass filtering, as in insightface, in [0, 1). A cosine above it in a column other than the label's
   * counts as 0 and has no gradient. Default 0: no filtering.
   */
  filterThreshold?: number;
}

/** Options of the forward pass. */
export interface MarginSoftmaxForwardOptions extends MarginSoftmaxOptions {
  /**
   * Whether to return the cosines, which save the backward pass one of its three products. They are returned only by a kernel
   * that computes them, and only up to 16 MiB. Default false.
   */
  keepCosines?: boolean;
}

/** Terms of the softmax over these classes, to which those of other ranks' classes can be added. */
export interface MarginSoftmaxSums {
  /** float32 [B]: cosine of each row with its label's center; 0 if the label is −1. */
  own: tf.Tensor1D;
  /** float32 [B]: largest scale · cosine over the columns other than the label's; −1e30 if there are none. */
  rowMax: tf.Tensor1D;
  /** float32 [B]: sum of exp(scale · cosine − rowMax) over those columns; 0 if there are none. */
  rowSum: tf.Tensor1D;
  /** float32 [C]: one over the norm of each center; norms below 1e-12 count as 1e-12. */
  inverseNorms: tf.Tensor1D;
  /** float32 [B · C], in the kernel's own order: the cosines, if `keepCosines` is set and the kernel keeps them. */
  cosines?: tf.Tensor1D;
}

/** Options of the backward pass. */
export interface MarginSoftmaxBackwardOptions extends MarginSoftmaxOptions {
  /** Number of rows that the loss averages over; a positive integer. */
  rows: number;
}

/** Largest number of cosines to keep: 16 MiB. */
const MOST_KEPT_COSINES = 2 ** 22;

const forwardOp = /* @__PURE__ */ defineOp<MarginSoftmaxForwardInputs, MarginSoftmaxForwardAttrs>({
  name: 'UnitsphereMarginSoftmaxForward',
  compose: (inputs, attrs) => composeForward(inputs, attrs).sums,
  kernels: {
    wasm: marginSoftmaxForwardWasm,
    webgpu: marginSoftmaxForwardWebGpu,
    tensorflow: marginSoftmaxForwardTensorFlow,
  },
});

const backwardOp = /* @__PURE__ */ defineOp<
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxAttrs & { rows: number }
>({
  name: 'UnitsphereMarginSoftmaxBackward',
  compose: (inputs, attrs) => composeBackward(inputs, attrs),
  kernels: {
    wasm: marginSoftmaxBackwardWasm,
    webgpu: marginSoftmaxBackwardWebGpu,
    tensorflow: marginSoftmaxBackwardTensorFlow,
  },
});

/**
 * Computes the forward half of a margin softmax over all class centers, or over those of one rank. The caller adds the
 * label's margin and the sums of other ranks, and computes the loss. Our kernels do not store the logits. It has no gradient
 * on the tape: call {@link marginSoftmaxBackward}.
 * @param embeddings float32 [B, D], rows of unit length.
 * @param centers float32 [C, D], of any length.
 * @param labels int32 [B]: column of each row's label, or −1 if it is not among these centers. Not checked: a check would
 *   cost a download.
 * @throws Error on a wrong rank, dtype or size, or if an option is out of range.
 */
export function marginSoftmaxForward(
  embeddings: tf.Tensor2D,
  centers: tf.Tensor2D,
  labels: tf.Tensor1D,
  options: MarginSoftmaxForwardOptions,
): MarginSoftmaxSums {
  check('marginSoftmaxForward', embeddings, centers, labels, options);
  const { scale, filterThreshold = 0, keepCosines = false } = options;
  const [own, rowMax, rowSum, inverseNorms, cosines] = forwardOp(
    { embeddings, centers, labels },
    {
      scale,
      filterThreshold,
      keepCosines: keepCosines && embeddings.shape[0] * centers.shape[0] <= MOST_KEPT_COSINES,
    },
  ) as tf.Tensor1D[];
  return {
    own,
    rowMax,
    rowSum,
    inverseNorms,
    ...(cosines && { cosines }),
  };
}

/**
 * Computes the backward half: gradients of the loss averaged over `rows` rows.
 * @returns dEmbeddings, float32 [B, D]: what these classes add to the gradient with respect to the unit-length rows.
 *   dCenters, float32 [C, D]: the gradient with respect to the centers before their normalization.
 * @throws Error on a wrong rank, dtype or size, or if an option is out of range.
 */
export function marginSoftmaxBackward(
  inputs: MarginSoftmaxBackwardInputs,
  options: MarginSoftmaxBackwardOptions,
): { dEmbeddings: tf.Tensor2D; dCenters: tf.Tensor2D } {
  const op = 'marginSoftmaxBackward';
  const { embeddings, centers, labels, inverseNorms, logSumExp, ownGradient, cosines } = inputs;
  check(op, embeddings, centers, labels, options);
  for (const [name, vector, count] of [
    ['inverseNorms', inverseNorms, centers.shape[0]],
    ['logSumExp', logSumExp, embeddings.shape[0]],
    ['ownGradient', ownGradient, embeddings.shape[0]],
  ] as const) {
    checkFloat(op, name, vector, 1);
    checkEqual(op, `${name}'s length`, vector.shape[0], count);
  }
  if (cosines) {
    checkEqual(op, 'the number of cosines', cosines.size, embeddings.shape[0] * centers.shape[0]);
  }
  const { scale, filterThreshold = 0, rows } = options;
  if (!Number.isInteger(rows) || rows < 1) {
    throw new Error(`${op}: rows must be a positive integer, not ${rows}.`);
  }
  const [dEmbeddings, dCenters] = backwardOp(inputs, { scale, filterThreshold, rows }) as tf.Tensor2D[];
  return { dEmbeddings, dCenters };
}

function check(
  op: string,
  embeddings: tf.Tensor2D,
  centers: tf.Tensor2D,
  labels: tf.Tensor1D,
  { scale, filterThreshold = 0 }: MarginSoftmaxOptions,
): void {
  checkFloat(op, 'embeddings', embeddings, 2);
  checkFloat(op, 'centers', centers, 2);
  checkEqual(op, "the centers' dimensions", centers.shape[1], embeddings.shape[1]);
  if (labels.rank !== 1 || labels.dtype !== 'int32') {
    throw new Error(`${op}: labels must be an int32 vector, not ${labels.dtype} of shape [${labels.shape}].`);
  }
  checkEqual(op, 'the number of labels', labels.shape[0], embeddings.shape[0]);
  if (!(Number.isFinite(scale) && scale > 0)) {
    throw new Error(`${op}: scale must be a finite number above 0, not ${scale}.`);
  }
  if (!(filterThreshold >= 0 && filterThreshold < 1)) {
    throw new Error(
      `${op}: filterThreshold must be in [0, 1), where 0 turns filtering off, not ${filterThreshold}.`,
    );
  }
}
