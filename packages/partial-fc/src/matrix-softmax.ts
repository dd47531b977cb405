import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize, l2NormalizeGradient } from '@unitsphere/ops';
import { noSums, type RankBatch, type RankGradients, type RankSoftmax, readSums } from './rank-softmax.js';
import type { RowSoftmax } from './softmax-over-ranks.js';

/**
 * By the cosines as a matrix [B, C], for losses whose other columns depend on the label's cosine, which another rank may
 * have: those of all rows are exchanged first. It keeps some such matrices until the gradients are there.
 */
export async function matrixSoftmax(batch: RankBatch): Promise<RankSoftmax> {
  const { loss, filterThreshold, embeddings, norms, centers, columns, track } = batch;
  const rows = columns.length;
  const here = centers && cosinesWith(centers, batch);
  const ofLabels = new Float32Array(rows);
  if (here) ofLabels.set((await here.own.data()) as Float32Array);
  batch.communicator.allReduce(ofLabels);
  const own = track(tf.tensor1d(ofLabels));
  loss.statistics?.observe({ own, norms });
  if (!here) return { sums: noSums(rows), backward: () => undefined };

  const { unit, cosines, isLabel } = here;
  const { logits, slope } = tf.tidy(() => {
    const dirty = filterThreshold > 0 ? tf.greater(cosines, filterThreshold) : undefined;
    const kept = dirty ? tf.where(dirty, tf.zerosLike(cosines), cosines) : cosines;
    const { value, slope } = loss.negatives!(kept, own);
    return {
      logits: tf.where(isLabel, tf.fill(value.shape, LOWEST), tf.mul(value, loss.scale)),
      slope: dirty ? tf.where(dirty, tf.zerosLike(slope), slope) : slope,
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
      return { dEmbeddings, dCenters: l2NormalizeGradient(here.centers, dUnit) };
    });
  return { sums: await readSums(batch, own, sums), backward };
}

/** The label's place in its row, which is summed apart: below every logit, and finite. */
const LOWEST = -1e30;

/** The cosines with this rank's classes, and those with the labels among them; 0 where a label is not here. */
function cosinesWith(centers: tf.Tensor2D, { embeddings, columns, track }: RankBatch) {
  const unit: tf.Tensor2D = track(l2Normalize(centers));
  const cosines: tf.Tensor2D = track(tf.matMul(embeddings, unit, false, true));
  const isLabel: tf.Tensor2D = track(labelMask(columns, cosines.shape[1]));
  const own = track(
    tf.tidy(() => tf.sum(tf.where(isLabel, cosines, tf.zerosLike(cosines)), 1) as tf.Tensor1D),
  );
  return { centers, unit, cosines, isLabel, own };
}

/** bool [B, C]: true in the label's column. */
function labelMask(columns: Int32Array, classes: number): tf.Tensor2D {
  return tf.tidy(() =>
    tf.equal(
      tf.tensor2d(columns, [columns.length, 1], 'int32'),
      tf.reshape(tf.range(0, classes, 1, 'int32'), [1, -1]),
    ),
  );
}
