import * as tf from '@tensorflow/tfjs-core';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import { l2Normalize, l2NormalizeGradient } from '@unitsphere/ops';
import { noSums, type RankBatch, type RankGradients, type RankSoftmax, readSums } from './rank-softmax.js';
import type { RowSoftmax } from './softmax-over-ranks.js';

/** Whether a loss changes the columns of the other classes or has sub-centers, and therefore needs {@link matrixSoftmax}. */
export const needsMatrix = ({ negatives, subCenters = 1 }: LabelMarginLoss): boolean =>
  negatives !== undefined || subCenters > 1;

/**
 * Computes the softmax from the matrix of cosines [B, C], for losses whose other columns depend on the label's cosine, and for those
 * with sub-centers. Another rank may own the label, so these cosines are exchanged first. Several [B, C] matrices are kept until
 * the backward pass.
 */
export async function matrixSoftmax(batch: RankBatch): Promise<RankSoftmax> {
  const { loss, filterThreshold, norms, centers, columns, track } = batch;
  const rows = columns.length;
  const local = centers && computeCosines(centers, batch);
  const labelCosines = new Float32Array(rows);
  if (local) labelCosines.set((await local.own.data()) as Float32Array);
  batch.communicator.allReduce(labelCosines);
  const own = track(tf.tensor1d(labelCosines));
  loss.statistics?.observe({ own, norms });
  if (!local) return { sums: noSums(rows), backward: () => undefined };

  const { cosines, isLabel } = local;
  const { logits, slope } = tf.tidy(() => {
    const filtered = filterThreshold > 0 ? tf.greater(cosines, filterThreshold) : undefined;
    const kept = filtered ? tf.where(filtered, tf.zerosLike(cosines), cosines) : cosines;
    const { value, slope } = loss.negatives?.(kept, own) ?? { value: kept, slope: tf.onesLike(kept) };
    return {
      logits: tf.where(isLabel, tf.fill(value.shape, LOWEST), tf.mul(value, loss.scale)),
      slope: filtered ? tf.where(filtered, tf.zerosLike(slope), slope) : slope,
    };
  });
  track(logits);
  track(slope);
  const sums = tf.tidy(() => {
    const rowMax = tf.max(logits, 1, true);
    const terms = tf.where(isLabel, tf.zerosLike(logits), tf.exp(tf.sub(logits, rowMax)));
    return { rowMax: tf.reshape(rowMax, [-1]) as tf.Tensor1D, rowSum: tf.sum(terms, 1) as tf.Tensor1D };
  });
  track(sums.rowMax);
  track(sums.rowSum);

  const backward = ({ logSumExp, ownGradient }: RowSoftmax): RankGradients =>
    tf.tidy(() => {
      const column = (values: Float32Array) => tf.tensor2d(values, [rows, 1]);
      const softmax = tf.mul(tf.exp(tf.sub(logits, column(logSumExp))), loss.scale / rows);
      const dCosines = tf.where(isLabel, column(ownGradient), tf.mul(softmax, slope)) as tf.Tensor2D;
      return { ...local.pullback(dCosines) };
    });
  return { sums: await readSums(batch, own, sums), backward };
}

/** Finite value below every logit, for the label's column, whose logit is added separately. */
const LOWEST = -1e30;

/**
 * Computes the cosines with this rank's classes, and `own`, float32 [B]: those with the labels, 0 for other ranks' labels. The
 * cosine with a class is that with its nearest sub-center.
 */
function computeCosines(rows: tf.Tensor2D, { loss, embeddings, columns, track }: RankBatch) {
  const { subCenters = 1 } = loss;
  const [classes, width] = rows.shape;
  const centers: tf.Tensor2D =
    subCenters === 1 ? rows : track(tf.reshape(rows, [classes * subCenters, width / subCenters]));
  const unit: tf.Tensor2D = track(l2Normalize(centers));
  const all: tf.Tensor2D = track(tf.matMul(embeddings, unit, false, true));
  const nearest = subCenters === 1 ? undefined : track(findNearest(all, subCenters));
  const cosines = nearest ? track(largestOf(all, subCenters)) : all;
  const isLabel: tf.Tensor2D = track(labelMask(columns, cosines.shape[1]));
  const own = track(
    tf.tidy(() => tf.sum(tf.where(isLabel, cosines, tf.zerosLike(cosines)), 1) as tf.Tensor1D),
  );
  /** Returns the gradients for one by the cosines. Called inside tf.tidy. */
  const pullback = (dCosines: tf.Tensor2D): RankGradients => {
    const dAll = nearest ? spread(dCosines, nearest) : dCosines;
    const dUnit: tf.Tensor2D = tf.matMul(dAll, embeddings, true, false);
    const dCenters = l2NormalizeGradient(centers, dUnit);
    return { dEmbeddings: tf.matMul(dAll, unit), dCenters: tf.reshape(dCenters, rows.shape) };
  };
  return { cosines, isLabel, own, pullback };
}

/** Groups the columns of cosines [B, C · subCenters] by class. */
function byClass(cosines: tf.Tensor2D, subCenters: number): tf.Tensor3D {
  const [rows, columns] = cosines.shape;
  return tf.reshape(cosines, [rows, columns / subCenters, subCenters]);
}

function largestOf(cosines: tf.Tensor2D, subCenters: number): tf.Tensor2D {
  return tf.tidy(() => tf.max(byClass(cosines, subCenters), 2) as tf.Tensor2D);
}

/** Returns bool [B, C, subCenters], true at the nearest sub-center of each class; at the first of equal ones. */
function findNearest(cosines: tf.Tensor2D, subCenters: number): tf.Tensor3D {
  return tf.tidy(() => {
    const place = tf.expandDims(tf.argMax(byClass(cosines, subCenters), 2), 2);
    return tf.equal(place, tf.range(0, subCenters, 1, 'int32')) as tf.Tensor3D;
  });
}

/** Gives each class's value [B, C] to its nearest sub-center, float32 [B, C · subCenters]. */
function spread(values: tf.Tensor2D, nearest: tf.Tensor3D): tf.Tensor2D {
  const [rows, classes, subCenters] = nearest.shape;
  const spread = tf.where(nearest, tf.expandDims(values, 2), 0);
  return tf.reshape(spread, [rows, classes * subCenters]);
}

/** Returns bool [B, C], true in the label's column. */
function labelMask(columns: Int32Array, classes: number): tf.Tensor2D {
  return tf.tidy(() =>
    tf.equal(
      tf.tensor2d(columns, [columns.length, 1], 'int32'),
      tf.reshape(tf.range(0, classes, 1, 'int32'), [1, -1]),
    ),
  );
}
