/** The margin softmax in stock operations. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type MarginSoftmaxAttrs,
  type MarginSoftmaxBackwardInputs,
  type MarginSoftmaxForwardInputs,
  NO_COLUMN,
  SMALLEST_NORM,
} from './margin-softmax-attrs.js';

/** Computes the forward pass: `sums` is [own, rowMax, rowSum, inverseNorms]; cosines are [B, C]. */
export function composeForward(
  { embeddings, centers, labels }: MarginSoftmaxForwardInputs,
  { scale, filterThreshold }: MarginSoftmaxAttrs,
): { sums: tf.Tensor[]; cosines: tf.Tensor2D } {
  // tf.norm raises each value to a power, which is slow.
  const norms = tf.sqrt(tf.sum(tf.square(centers), 1));
  const inverseNorms = tf.div(1, tf.maximum(norms, SMALLEST_NORM)) as tf.Tensor1D;
  const cosines = computeCosines(embeddings, centers, inverseNorms);
  const isLabel = labelMask(labels, centers.shape[0]);
  const own = tf.sum(tf.where(isLabel, cosines, tf.zerosLike(cosines)), 1);
  const logits = tf.mul(filterCosines(cosines, filterThreshold), scale);
  const others = tf.where(isLabel, tf.fill(logits.shape, NO_COLUMN), logits);
  const rowMax = tf.max(others, 1, true);
  const terms = tf.where(isLabel, tf.zerosLike(logits), tf.exp(tf.sub(others, rowMax)));
  return { sums: [own, tf.reshape(rowMax, [-1]), tf.sum(terms, 1), inverseNorms], cosines };
}

/**
 * Computes the backward pass: [dEmbeddings, dCenters].
 * @param kept The cosines [B, C] of the forward pass, if it kept them.
 * @param removeAlong Computes dCenters − centers · along.
 */
export function composeBackward(
  inputs: MarginSoftmaxBackwardInputs,
  attrs: MarginSoftmaxAttrs & { rows: number },
  kept?: tf.Tensor2D,
  removeAlong = (dCenters: tf.Tensor, centers: tf.Tensor, along: tf.Tensor): tf.Tensor =>
    tf.sub(dCenters, tf.mul(centers, along)),
): tf.Tensor[] {
  const { embeddings, centers, inverseNorms } = inputs;
  const cosines = kept ?? computeCosines(embeddings, centers, inverseNorms);
  const dCosines = computeCosineGradients(inputs, cosines, attrs);
  // Inverse lengths are applied to [B, C], which is smaller than the centers.
  const scaled = tf.mul(dCosines, tf.reshape(inverseNorms, [1, -1])) as tf.Tensor2D;
  // A center's length changes no cosine, so its gradient has no component along the center: along · center is removed.
  const along = tf.mul(tf.sum(tf.mul(dCosines, cosines), 0), tf.square(inverseNorms)) as tf.Tensor1D;
  const dCenters = tf.matMul(scaled, embeddings, true, false);
  return [tf.matMul(scaled, centers), removeAlong(dCenters, centers, toColumn(along))];
}

/** Computes the cosines [B, C] of unit rows with centers. */
function computeCosines(
  embeddings: tf.Tensor2D,
  centers: tf.Tensor2D,
  inverseNorms: tf.Tensor1D,
): tf.Tensor2D {
  return tf.mul(tf.matMul(embeddings, centers, false, true), tf.reshape(inverseNorms, [1, -1]));
}

/** Computes the derivative of the loss with respect to each cosine, [B, C]. */
function computeCosineGradients(
  { centers, labels, logSumExp, ownGradient }: MarginSoftmaxBackwardInputs,
  cosines: tf.Tensor2D,
  { scale, filterThreshold, rows }: MarginSoftmaxAttrs & { rows: number },
): tf.Tensor2D {
  const isLabel = labelMask(labels, centers.shape[0]);
  const logits = tf.mul(filterCosines(cosines, filterThreshold), scale);
  const softmax: tf.Tensor2D = tf.mul(tf.exp(tf.sub(logits, toColumn(logSumExp))), scale / rows);
  const ofOthers =
    filterThreshold > 0
      ? tf.where(tf.greater(cosines, filterThreshold), tf.zerosLike(softmax), softmax)
      : softmax;
  return tf.where(isLabel, tf.broadcastTo(toColumn(ownGradient), softmax.shape), ofOthers);
}

const toColumn = (x: tf.Tensor1D) => tf.reshape(x, [-1, 1]);

/** Returns bool [B, C]: true in the label's column. */
function labelMask(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  return tf.equal(tf.reshape(labels, [-1, 1]), tf.reshape(tf.range(0, classes, 1, 'int32'), [1, -1]));
}

function filterCosines(cosines: tf.Tensor2D, threshold: number): tf.Tensor2D {
  return threshold > 0 ? tf.where(tf.greater(cosines, threshold), tf.zerosLike(cosines), cosines) : cosines;
}
