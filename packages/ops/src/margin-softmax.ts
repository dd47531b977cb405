import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { marginSoftmaxBackwardWasm, marginSoftmaxForwardWasm } from './wasm/margin-softmax.js';
import { marginSoftmaxBackwardWebGpu, marginSoftmaxForwardWebGpu } from './webgpu/margin-softmax.js';

/** The row maximum where a row has no column but its label's: below every logit, and finite. */
export const NO_COLUMN = -1e30;

/** As torch.nn.functional.normalize: no center is divided by less. */
export const SMALLEST_NORM = 1e-12;

/** The settings of both passes. */
export interface MarginSoftmaxOptions {
  /** What the cosines are multiplied by. */
  scale: number;
  /**
   * Interclass filtering, as insightface's: a cosine above it in a column other than the label's counts as 0 and has
   * no gradient. Default 0: no filtering.
   */
  filterThreshold?: number;
}

/** The settings of the forward pass. */
export interface MarginSoftmaxForwardOptions extends MarginSoftmaxOptions {
  /**
   * Give the cosines, for the backward pass to take in place of one of its three products. Only where a kernel has them at
   * hand and they take 16 MiB at most. Default false.
   */
  keepCosines?: boolean;
}

/** What the softmax over these classes is made of; a class elsewhere can still be added. */
export interface MarginSoftmaxSums {
  /** float32 [B]: each row's cosine with its label's center; 0 where the label is not here. */
  own: tf.Tensor1D;
  /** float32 [B]: the largest scale · cosine over the columns that are not the label's; −1e30 where there is none. */
  rowMax: tf.Tensor1D;
  /** float32 [B]: the sum of exp(scale · cosine − rowMax) over those columns; 0 where there is none. */
  rowSum: tf.Tensor1D;
  /** float32 [C]: one over the length of each center (over at least 1e-12). */
  inverseNorms: tf.Tensor1D;
  /** float32 [B · C], in a kernel's own order: the cosines, where they were asked for and are kept. */
  cosines?: tf.Tensor1D;
}

/** What the backward pass needs beside the forward pass's inputs. */
export interface MarginSoftmaxBackwardInputs {
  /** float32 [B, D], rows of unit length. */
  embeddings: tf.Tensor2D;
  /** float32 [C, D], of any length. */
  centers: tf.Tensor2D;
  /** int32 [B]: the label's column here, or −1. */
  labels: tf.Tensor1D;
  /** float32 [C], of the forward pass. */
  inverseNorms: tf.Tensor1D;
  /** float32 [B]: the log of the sum of exp(logit) over all classes, wherever they are, the label's with its margin. */
  logSumExp: tf.Tensor1D;
  /** float32 [B]: the loss's derivative by the cosine in the label's column. */
  ownGradient: tf.Tensor1D;
  /** Those of the forward pass, of the same embeddings, centers and backend, if it gave them. */
  cosines?: tf.Tensor1D;
}

/** The settings of the backward pass. */
export interface MarginSoftmaxBackwardOptions extends MarginSoftmaxOptions {
  /** How many rows the loss is the mean of. */
  rows: number;
}

type ForwardInputs = { embeddings: tf.Tensor2D; centers: tf.Tensor2D; labels: tf.Tensor1D };
export type MarginSoftmaxAttrs = { scale: number; filterThreshold: number };
export type MarginSoftmaxForwardAttrs = MarginSoftmaxAttrs & { keepCosines: boolean };

/** Cosines that are kept at most: 16 MiB. */
const KEPT = 2 ** 22;

const forwardOp = /* @__PURE__ */ defineOp<ForwardInputs, MarginSoftmaxForwardAttrs>({
  name: 'UnitsphereMarginSoftmaxForward',
  compose: ({ embeddings, centers, labels }, { scale, filterThreshold }) => {
    const inverseNorms = tf.div(1, tf.maximum(tf.norm(centers, 2, 1), SMALLEST_NORM)) as tf.Tensor1D;
    const cosines = cosinesOf(embeddings, centers, inverseNorms);
    const isLabel = labelMask(labels, centers.shape[0]);
    const own = tf.sum(tf.where(isLabel, cosines, tf.zerosLike(cosines)), 1);
    const logits = tf.mul(filtered(cosines, filterThreshold), scale);
    const others = tf.where(isLabel, tf.fill(logits.shape, NO_COLUMN), logits);
    const rowMax = tf.max(others, 1, true);
    const terms = tf.where(isLabel, tf.zerosLike(logits), tf.exp(tf.sub(others, rowMax)));
    return [own, tf.reshape(rowMax, [-1]), tf.sum(terms, 1), inverseNorms];
  },
  kernels: { wasm: marginSoftmaxForwardWasm, webgpu: marginSoftmaxForwardWebGpu },
});

const backwardOp = /* @__PURE__ */ defineOp<
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxAttrs & { rows: number }
>({
  name: 'UnitsphereMarginSoftmaxBackward',
  compose: (
    { embeddings, centers, labels, inverseNorms, logSumExp, ownGradient },
    { scale, filterThreshold, rows },
  ) => {
    const column = (x: tf.Tensor1D) => tf.reshape(x, [-1, 1]);
    const cosines = cosinesOf(embeddings, centers, inverseNorms);
    const isLabel = labelMask(labels, centers.shape[0]);
    const logits = tf.mul(filtered(cosines, filterThreshold), scale);
    const softmax = tf.mul(tf.exp(tf.sub(logits, column(logSumExp))), scale / rows);
    const ofOthers =
      filterThreshold > 0
        ? tf.where(tf.greater(cosines, filterThreshold), tf.zerosLike(softmax), softmax)
        : softmax;
    const dCosines = tf.where(isLabel, tf.broadcastTo(column(ownGradient), softmax.shape), ofOthers);
    const unit = tf.mul(centers, column(inverseNorms)) as tf.Tensor2D;
    const dUnit = tf.matMul(dCosines, embeddings, true, false);
    // No gradient along the center itself: its length changes no cosine.
    const along = tf.sum(tf.mul(dUnit, unit), 1, true);
    return [tf.matMul(dCosines, unit), tf.mul(tf.sub(dUnit, tf.mul(unit, along)), column(inverseNorms))];
  },
  kernels: { wasm: marginSoftmaxBackwardWasm, webgpu: marginSoftmaxBackwardWebGpu },
});

function cosinesOf(embeddings: tf.Tensor2D, centers: tf.Tensor2D, inverseNorms: tf.Tensor1D): tf.Tensor2D {
  return tf.mul(tf.matMul(embeddings, centers, false, true), tf.reshape(inverseNorms, [1, -1]));
}

/** bool [B, C]: true in the label's column. */
function labelMask(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  return tf.equal(tf.reshape(labels, [-1, 1]), tf.reshape(tf.range(0, classes, 1, 'int32'), [1, -1]));
}

function filtered(cosines: tf.Tensor2D, threshold: number): tf.Tensor2D {
  return threshold > 0 ? tf.where(tf.greater(cosines, threshold), tf.zerosLike(cosines), cosines) : cosines;
}

/**
 * The first half of a margin softmax over class centers of which only a part may be here: what the label's margin, the
 * other parts and the loss are then put together from. The logits are not kept where the backend has a kernel of ours.
 * It has no gradient of its own: {@link marginSoftmaxBackward} is the second half.
 * @param embeddings float32 [B, D], rows of unit length.
 * @param centers float32 [C, D], of any length.
 * @param labels int32 [B]: the column of the row's class, or −1 where it is not here. Not checked: it would cost a
 *   download.
 * @throws Error on a wrong rank, dtype or size, or where an option is out of range.
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
    { scale, filterThreshold, keepCosines: keepCosines && embeddings.shape[0] * centers.shape[0] <= KEPT },
  ) as tf.Tensor1D[];
  return {
    own: own,
    rowMax: rowMax,
    rowSum: rowSum,
    inverseNorms: inverseNorms,
    ...(cosines && { cosines }),
  };
}

/**
 * The second half: the gradients of the loss's mean over `rows` rows.
 * @returns dEmbeddings float32 [B, D], by the rows of unit length, the part that these classes add; dCenters float32
 *   [C, D], by the centers as they are, through their normalization.
 * @throws Error on a wrong rank, dtype or size, or where an option is out of range.
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
    throw new Error(`${op}: rows must be an integer of at least 1, not ${rows}.`);
  }
  const [dEmbeddings, dCenters] = backwardOp(inputs, { scale, filterThreshold, rows }) as tf.Tensor2D[];
  return { dEmbeddings: dEmbeddings, dCenters: dCenters };
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
    throw new Error(`${op}: filterThreshold must be in [0, 1), 0 for none, not ${filterThreshold}.`);
  }
}
