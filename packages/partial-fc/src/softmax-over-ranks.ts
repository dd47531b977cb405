import type { Communicator } from '@unitsphere/collectives';

/** What one rank's classes add to each row's softmax. */
export interface LocalSums {
  /** [B]: the largest logit over the columns that are not the label's; very low where there is none. */
  rowMax: Float32Array;
  /** [B]: the sum of exp(logit − rowMax) over them. */
  rowSum: Float32Array;
  /** [B]: the margin's value at the label's cosine; 0 where the label is on another rank. */
  target: Float32Array;
  /** [B]: its slope there; 0 where the label is on another rank. */
  slope: Float32Array;
}

/** The softmax over all ranks' classes. */
export interface RowSoftmax {
  /** The mean over the rows of −log softmax at the label. */
  loss: number;
  /** [B]: the log of the sum of exp(logit) over all classes. */
  logSumExp: Float32Array;
  /** [B]: the loss's derivative by the label's cosine. */
  ownGradient: Float32Array;
  /** The first row whose softmax is no number, or −1. */
  notFinite: number;
}

/**
 * Puts the softmax together from every rank's sums, in float64: two all-reduces of a few numbers a row. Every rank gets
 * the same bits.
 */
export function softmaxOverRanks(
  { rowMax, rowSum, target, slope }: LocalSums,
  scale: number,
  communicator: Communicator,
): RowSoftmax {
  const rows = rowMax.length;
  const max = rowMax.slice();
  communicator.allReduce(max, 'max');
  const sums = new Float64Array(3 * rows);
  for (let i = 0; i < rows; i++) {
    sums[i] = rowSum[i] * Math.exp(rowMax[i] - max[i]);
    sums[rows + i] = target[i];
    sums[2 * rows + i] = slope[i];
  }
  communicator.allReduce(sums, 'sum');
  const softmax: RowSoftmax = {
    loss: 0,
    logSumExp: new Float32Array(rows),
    ownGradient: new Float32Array(rows),
    notFinite: -1,
  };
  for (let i = 0; i < rows; i++) {
    const own = scale * sums[rows + i];
    // Both terms are measured from the larger, so that neither overflows and a sure row keeps its small loss.
    const others = Math.log(sums[i]) + max[i];
    const [high, low] = own > others ? [own, others] : [others, own];
    const logSumExp = high + Math.log1p(Math.exp(low - high));
    const rowLoss = own > others ? Math.log1p(Math.exp(low - high)) : logSumExp - own;
    if (!Number.isFinite(rowLoss) && softmax.notFinite < 0) softmax.notFinite = i;
    softmax.loss += rowLoss / rows;
    softmax.logSumExp[i] = logSumExp;
    softmax.ownGradient[i] = (Math.expm1(-rowLoss) * scale * sums[2 * rows + i]) / rows;
  }
  return softmax;
}
