import * as tf from '@tensorflow/tfjs-core';
import type { Communicator } from '@unitsphere/collectives';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import type { LocalSums, RowSoftmax } from './softmax-over-ranks.js';

/** All ranks' rows of a batch and this rank's sampled classes. */
export interface RankBatch {
  loss: LabelMarginLoss;
  filterThreshold: number;
  communicator: Communicator;
  /** float32 [B, dimensions], at unit length. */
  embeddings: tf.Tensor2D;
  /** float32 [B]: their lengths before; of a loss that needs them. */
  norms: tf.Tensor1D | undefined;
  /** float32 [C, dimensions], of any length; absent where this rank has no sampled class. */
  centers: tf.Tensor2D | undefined;
  /** [B]: where the label is among them, or −1. */
  columns: Int32Array;
  /** Takes what is to be disposed of once the pass is over. */
  track<T extends tf.Tensor>(tensor: T): T;
}

/** One rank's part of the softmax and of its gradients; once it is there, the loss's statistics have followed the batch. */
export interface RankSoftmax {
  sums: LocalSums;
  /** Absent where this rank has no sampled class; the caller's to dispose. */
  backward(softmax: RowSoftmax): RankGradients | undefined;
}

/** The gradients of the loss's mean that one rank's classes make up. */
export interface RankGradients {
  /** float32 [B, dimensions], by the rows of unit length. */
  dEmbeddings: tf.Tensor2D;
  /** float32 [C, dimensions], by the centers as they are. */
  dCenters: tf.Tensor2D;
}

/** The margin at the labels' cosines with what else a row's softmax is made of, in the host's memory: one download. */
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
    return { rowMax: max, rowSum: sum, target: target, slope: slope };
  } finally {
    stacked.dispose();
  }
}

/** What a rank without sampled classes adds to the softmax. */
export function noSums(rows: number): LocalSums {
  return {
    rowMax: new Float32Array(rows).fill(-1e30),
    rowSum: new Float32Array(rows),
    target: new Float32Array(rows),
    slope: new Float32Array(rows),
  };
}
