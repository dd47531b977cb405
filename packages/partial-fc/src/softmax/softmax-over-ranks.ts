import type { Communicator } from '@unitsphere/collectives';

/** Contribution of one rank's classes to the softmax of each row. */
export interface LocalSums {
  /** [B]: largest logit over the columns other than the label's; −1e30 if there is none. */
  rowMax: Float32Array;
  /** [B]: sum of exp(logit − rowMax) over these columns. */
  rowSum: Float32Array;
  /** [B]: value of the margin at the label's cosine; 0 if another rank owns the label. */
  target: Float32Array;
  /** [B]: derivative of the margin there; 0 if another rank owns the label. */
  slope: Float32Array;
}

/** Softmax over the classes of all ranks. */
export interface RowSoftmax {
  /** Mean over the rows of −log softmax at the label. */
  loss: number;
  /** [B]: log of the sum of exp(logit) over all classes. */
  logSumExp: Float32Array;
  /** [B]: derivative of the loss by the label's cosine. */
  ownGradient: Float32Array;
  /** First row whose softmax is not finite, or −1. */
  notFinite: number;
}

/**
 * Combines the sums of all ranks to the softmax, in float64, with two all-reduces of a few numbers per row. The result is
 * bit-identical on every rank.
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
    // Relative to the larger term, so that neither overflows and a confident row keeps its small loss.
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
