import * as tf from '@tensorflow/tfjs-core';
import { DotProductSimilarity } from '../distances/dot-product.js';
import { logSumExp } from '../host/log-sum-exp.js';
import type { Labels } from '../labels.js';
import { listPositives } from '../pairs/list-pairs.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import { oneHotMatrix } from '../pairs/one-hot.js';
import { type LossCall, type LossOptions, PairLoss, signOf } from '../pairs/pair-loss.js';
import { gatherRows } from '../pairs/record-rows.js';
import { MeanReducer } from '../reducers/mean.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/**
 * N-pairs loss. Each class gives one pair (a, p), its first one; the loss of a pair is the cross-entropy of its own positive
 * among the positives of all classes: −log(exp(s(a, p)) / Σ_q exp(s(a, q))). A distance is used as a negative similarity.
 *
 * Defaults: `DotProductSimilarity` of normalized embeddings, `MeanReducer` over the pairs. `ref` is not supported.
 * @see Sohn, "Improved Deep Metric Learning with Multi-class N-pair Loss Objective", NeurIPS 2016.
 */
export class NPairsLoss extends PairLoss {
  protected readonly title = 'NPairsLoss';

  constructor(options: LossOptions = {}) {
    super({ distance: new DotProductSimilarity(), reducer: new MeanReducer(), ...options });
  }

  /** @throws RangeError for reference embeddings. */
  override compute(embeddings: tf.Tensor2D, labels: Labels, { tuples, ref, refLabels }: LossCall): tf.Scalar {
    if (ref || refLabels) throw new RangeError(`${this.title}: ref is not supported; omit it.`);
    const pairs = this.readPairs(embeddings, labels, { tuples });
    const own = pairs.labels;
    const { anchors, positives } = listPositives(pairs);
    const first = new Map<number, number>();
    anchors.forEach((anchor, k) => {
      if (!first.has(own[anchor])) first.set(own[anchor], k);
    });
    const chosen = [...first].sort(([a], [b]) => a - b);
    if (chosen.length === 0) return this.record(undefined, embeddings, undefined, own);
    const rows = (list: Int32Array) => Int32Array.from(chosen, ([, k]) => list[k]);
    const classes = Int32Array.from(chosen, ([label]) => label);
    const columns = gatherRows(embeddings, rows(positives));
    return this.record(this.#plan(chosen.length), gatherRows(embeddings, rows(anchors)), columns, classes);
  }

  /** Unused: the loss makes its own plan. */
  protected plan(): undefined {}

  /** Returns how to compute the loss of `count` pairs: row i and column i are of the same class. */
  #plan(count: number): LossPlan {
    const sign = -signOf(this.distance);
    return {
      counts: [new Float64Array(count).fill(1)],
      kernel: ({ matrix, rows, columns, start, parts }) => {
        const [x, slope] = [new Float64Array(columns), new Float64Array(columns)];
        const all = new Float32Array(columns).fill(1);
        for (let row = 0; row < rows; row++) {
          const values = matrix.subarray(row * columns, (row + 1) * columns);
          for (let k = 0; k < columns; k++) x[k] = sign * values[k];
          const loss = logSumExp(x, all, slope) - x[start + row];
          const weight = parts[0].add(loss, start + row) * sign;
          slope[start + row] -= 1;
          for (let k = 0; k < columns; k++) values[k] = weight * slope[k];
        }
      },
      block(matrix, start) {
        const x = tf.mul(matrix, sign) as tf.Tensor2D;
        const columns = Int32Array.from({ length: matrix.shape[0] }, (_, row) => start + row);
        const own = oneHotMatrix(columns, count);
        const all = maskedLogSumExp(x, tf.onesLike(x));
        const gap = tf.sub(tf.expandDims(all.value, 1), x);
        return {
          parts: [{ losses: tf.sum(tf.mul(gap, own), 1) }],
          pullback: ([d]) => ({
            matrix: tf.mul(tf.expandDims(tf.mul(d, sign), 1), tf.sub(all.slope, own)) as tf.Tensor2D,
          }),
        };
      },
    };
  }
}

/** The registry's entry. */
export const nPairsLoss = {
  create: (options) => new NPairsLoss(options),
  description: 'cross-entropy over one positive pair per class',
  refusesReference: true,
  settings: {},
} satisfies PairLossEntry<LossOptions>;
