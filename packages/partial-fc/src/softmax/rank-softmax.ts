import * as tf from '@tensorflow/tfjs-core';
import type { Communicator } from '@unitsphere/collectives';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import type { LocalSums, RowSoftmax } from './softmax-over-ranks.js';

/** Rows of all ranks and the sampled classes of this rank. */
export interface RankBatch {
  loss: LabelMarginLoss;
  /** Cosines with other classes above it count as 0; 0 filters nothing. */
  filterThreshold: number;
  communicator: Communicator;
  /** float32 [B, dimensions], at unit length. */
  embeddings: tf.Tensor2D;
  /** float32 [B]: L2 norms of the embeddings before normalization, for losses that need them. */
  norms: tf.Tensor1D | undefined;
  /** float32 [C, subCenters · dimensions], not normalized; undefined if this rank has no sampled class. */
  centers: tf.Tensor2D | undefined;
  /** [B]: index of each label among the sampled classes, or −1 if another rank owns it. */
  columns: Int32Array;
  /** Registers a tensor to be disposed after the pass and returns it. */
  track<T extends tf.Tensor>(tensor: T): T;
}

/** One rank's part of the softmax. When it exists, the statistics of the loss have already observed the batch. */
export interface RankSoftmax {
  sums: LocalSums;
  /** Returns undefined if this rank has no sampled class. The caller disposes the gradients. */
  backward(softmax: RowSoftmax): RankGradients | undefined;
}

/** One rank's part of the gradients of the mean loss. */
export interface RankGradients {
  /** float32 [B, dimensions]: by the normalized embeddings. */
  dEmbeddings: tf.Tensor2D;
  /** float32 [C, subCenters · dimensions]: by the centers before normalization. */
  dCenters: tf.Tensor2D;
}

/** Downloads the sums of each row together with the margin at the label's cosine, in one transfer. */
export async function readSums(
  { loss, norms, columns }: RankBatch,
  own: tf.Tensor1D,
  { rowMax, rowSum }: { rowMax: tf.Tensor1D; rowSum: tf.Tensor1D },
): Promise<LocalSums> {
  const stacked = tf.tidy(() => {
    const { value, slope } = loss.target(own, norms);
    return tf.stack([rowMax, rowSum, value, slope]);
  });
  try {
    const values = (await stacked.data()) as Float32Array;
    const rows = columns.length;
    const [max, sum, target, slope] = [0, 1, 2, 3].map((i) => values.slice(i * rows, (i + 1) * rows));
    columns.forEach((column, row) => {
      if (column < 0) target[row] = slope[row] = 0;
    });
    return { rowMax: max, rowSum: sum, target, slope };
  } finally {
    stacked.dispose();
  }
}

/** Returns the sums of a rank without sampled classes. */
export function noSums(rows: number): LocalSums {
  return {
    rowMax: new Float32Array(rows).fill(-1e30),
    rowSum: new Float32Array(rows),
    target: new Float32Array(rows),
    slope: new Float32Array(rows),
  };
}
