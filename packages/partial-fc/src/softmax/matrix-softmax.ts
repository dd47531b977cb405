import * as tf from '@tensorflow/tfjs-core';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import { l2Normalize, l2NormalizeGradient } from '@unitsphere/ops';
import { noSums, type RankBatch, type RankGradients, type RankSoftmax, readSums } from './rank-softmax.js';
import type { RowSoftmax } from './softmax-over-ranks.js';

/** Loss that changes the columns of the other classes, too. */
type NegativesLoss = LabelMarginLoss & Required<Pick<LabelMarginLoss, 'negatives'>>;

/** Whether a loss changes the columns of the other classes and therefore needs {@link matrixSoftmax}. */
export const movesNegatives = (loss: LabelMarginLoss): loss is NegativesLoss => loss.negatives !== undefined;

/**
 * Computes the softmax from the matrix of cosines [B, C], for losses whose other columns depend on the label's cosine.
 * Another rank may own the label, so these cosines are exchanged first. Several [B, C] matrices are kept until the
 * backward pass.
 */
export async function matrixSoftmax(batch: RankBatch<NegativesLoss>): Promise<RankSoftmax> {
  const { loss, filterThreshold, embeddings, norms, centers, columns, track } = batch;
  const rows = columns.length;
  const local = centers && computeCosines(centers, batch);
  const labelCosines = new Float32Array(rows);
  if (local) labelCosines.set((await local.own.data()) as Float32Array);
  batch.communicator.allReduce(labelCosines);
  const own = track(tf.tensor1d(labelCosines));
  loss.statistics?.observe({ own, norms });
  if (!local) return { sums: noSums(rows), backward: () => undefined };

  const { unit, cosines, isLabel } = local;
  const { logits, slope } = tf.tidy(() => {
    const filtered = filterThreshold > 0 ? tf.greater(cosines, filterThreshold) : undefined;
    const kept = filtered ? tf.where(filtered, tf.zerosLike(cosines), cosines) : cosines;
    const { value, slope } = loss.negatives(kept, own);
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
      const dUnit: tf.Tensor2D = tf.matMul(dCosines, embeddings, true, false);
      const dEmbeddings: tf.Tensor2D = tf.matMul(dCosines, unit);
      return { dEmbeddings, dCenters: l2NormalizeGradient(local.centers, dUnit) };
    });
  return { sums: await readSums(batch, own, sums), backward };
}

/** Finite value below every logit, for the label's column, whose logit is added separately. */
const LOWEST = -1e30;

/** Computes the cosines with this rank's classes, and `own`, float32 [B]: those with the labels, 0 for other ranks' labels. */
function computeCosines(centers: tf.Tensor2D, { embeddings, columns, track }: RankBatch) {
  const unit: tf.Tensor2D = track(l2Normalize(centers));
  const cosines: tf.Tensor2D = track(tf.matMul(embeddings, unit, false, true));
  const isLabel: tf.Tensor2D = track(labelMask(columns, cosines.shape[1]));
  const own = track(
    tf.tidy(() => tf.sum(tf.where(isLabel, cosines, tf.zerosLike(cosines)), 1) as tf.Tensor1D),
  );
  return { centers, unit, cosines, isLabel, own };
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
