import * as tf from '@tensorflow/tfjs-core';
import { checkCount } from '../check.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import { eachRow } from '../host/each-row.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { hasAny, type LossOptions, PairLoss, pairCounts } from '../pairs/pair-loss.js';
import { PairSource } from '../pairs/pair-source.js';
import { rowWeights } from '../pairs/tuples.js';
import { MeanReducer } from '../reducers/mean.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `FastAPLoss`. */
export interface FastAPLossOptions extends Omit<LossOptions, 'distance'> {
  /** Number of bins of the histogram of distances, at least 1. Default 10. */
  bins?: number;
  /** Exponent of the Euclidean distance of normalized embeddings, above 0. Default 2. */
  power?: number;
}

/**
 * FastAP: 1 − average precision of each row's ranking, from soft histograms of its distances over [0, 2^power]. Rows
 * without positives do not count. Mined tuples only weigh the rows, by how often they occur.
 *
 * Default: `MeanReducer` over rows with positives. `ref` is not supported.
 * @see Cakir et al., "Deep Metric Learning to Rank", CVPR 2019.
 */
export class FastAPLoss extends PairLoss {
  protected readonly title = 'FastAPLoss';
  readonly bins: number;

  /** @throws RangeError unless bins is a positive integer and power is above 0. */
  constructor({ bins = 10, power = 2, ...options }: FastAPLossOptions = {}) {
    super({ reducer: new MeanReducer(), ...options, distance: new EuclideanDistance({ power }) });
    this.bins = checkCount('FastAPLoss: bins', bins);
  }

  /** @throws RangeError for reference embeddings. */
  protected plan({ labels, isSelf, tuples }: PairSource): LossPlan | undefined {
    if (!isSelf) throw new RangeError('FastAPLoss: ref is not supported; omit it.');
    const pairs = new PairSource(labels, undefined);
    const counts = pairs.positiveCounts();
    if (!hasAny(counts)) return undefined;
    const { bins } = this;
    const weights = rowWeights(tuples, pairs.rows);
    const width = 2 ** this.distance.power / bins;
    return {
      counts: [counts.map((count) => (count > 0 ? 1 : 0))],
      valuesPerEntry: bins + 1,
      kernel: (block) => {
        const [own, other, dOwn, dOther] = [1, 2, 3, 4].map(() => new Float64Array(bins + 2));
        eachRow(block, pairs, true, ({ row, values, positive, negative }) => {
          own.fill(0);
          other.fill(0);
          let count = 0;
          for (let k = 0; k < values.length; k++) {
            const bin = Math.floor(values[k] / width);
            if (bin > bins) continue;
            const rest = values[k] / width - bin;
            const histogram = positive[k] > 0 ? own : other;
            if (positive[k] + negative[k] === 0) continue;
            histogram[bin] += 1 - rest;
            histogram[bin + 1] += rest;
            count += positive[k];
          }
          // What falls beyond the last bin does not count.
          own[bins + 1] = 0;
          other[bins + 1] = 0;
          let [ownTotal, total, precision] = [0, 0, 0];
          for (let bin = 0; bin <= bins; bin++) {
            ownTotal += own[bin];
            total += own[bin] + other[bin];
            const product = own[bin] * ownTotal;
            const inverse = product > 0 && total > 0 ? 1 / total : 0;
            precision += product * inverse;
            dOwn[bin] = ownTotal * inverse;
            dOther[bin] = -product * inverse * inverse;
            // Kept for the sum over later bins.
            other[bin] = own[bin] * inverse;
          }
          const weight =
            count > 0 ? -block.parts[0].add((1 - precision / count) * weights[row], row) * weights[row] : 0;
          let [later, laterOwn] = [0, 0];
          for (let bin = bins; bin >= 0; bin--) {
            later += dOther[bin];
            laterOwn += other[bin];
            dOwn[bin] += later + laterOwn;
            dOther[bin] = later;
          }
          const g = weight === 0 ? 0 : weight / count / width;
          dOwn[bins + 1] = 0;
          dOther[bins + 1] = 0;
          for (let k = 0; k < values.length; k++) {
            const bin = Math.floor(values[k] / width);
            const isInside = positive[k] + negative[k] > 0 && bin <= bins && values[k] / width !== bin;
            const slopes = positive[k] > 0 ? dOwn : dOther;
            values[k] = isInside ? g * (slopes[bin + 1] - slopes[bin]) : 0;
          }
        });
      },
      block(matrix, start) {
        const [rows] = matrix.shape;
        const { positive, negative } = pairCounts(pairs, start, matrix, true);
        const [isPositive, isNegative] = [positive, negative].map((x) => tf.expandDims(x, 2));
        const offset = tf.sub(tf.expandDims(matrix, 2), tf.mul(tf.range(0, bins + 1), width)) as tf.Tensor3D;
        const pulse = tf.relu(tf.sub(1, tf.div(tf.abs(offset), width)));
        const own = tf.sum(tf.mul(pulse, isPositive), 1) as tf.Tensor2D;
        const other = tf.sum(tf.mul(pulse, isNegative), 1) as tf.Tensor2D;
        const ownTotal = tf.cumsum(own, 1);
        const total = tf.cumsum(tf.add(own, other), 1);
        const product = tf.mul(own, ownTotal);
        const isUsed = tf.logicalAnd(tf.greater(product, 0), tf.greater(total, 0));
        const inverse = tf.where(isUsed, tf.div(1, tf.where(isUsed, total, 1)), 0);
        const count = tf.sum(positive, 1);
        const weight = tf.tensor1d(weights.subarray(start, start + rows));
        const times = tf.cast(tf.greater(count, 0), 'float32');
        const precision = tf.div(tf.sum(tf.mul(product, inverse), 1), tf.maximum(count, 1));
        return {
          parts: [{ losses: tf.mul(tf.sub(1, precision), weight), times }],
          pullback([d]) {
            const g = tf.expandDims(tf.neg(tf.div(tf.mul(d, weight), tf.maximum(count, 1))), 1);
            const fromTotal = tf.neg(tf.mul(tf.mul(product, inverse), inverse));
            const fromOwnTotal = tf.mul(own, inverse);
            const later = (x: tf.Tensor) => tf.cumsum(x, 1, false, true);
            const dOther = tf.mul(g, later(fromTotal));
            const dOwn = tf.add(tf.mul(g, tf.add(tf.mul(ownTotal, inverse), later(fromOwnTotal))), dOther);
            const dPulse = tf.add(
              tf.mul(isPositive, tf.expandDims(dOwn, 1)),
              tf.mul(isNegative, tf.expandDims(dOther, 1)),
            );
            const slope = tf.div(tf.neg(tf.sign(offset)), width);
            const inside = tf.where(tf.greater(pulse, 0), slope, tf.zerosLike(slope));
            return { matrix: tf.sum(tf.mul(dPulse, inside), 2) as tf.Tensor2D };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const fastApLoss = {
  create: (options) => new FastAPLoss(options),
  description: '1 − average precision over a histogram of distances',
  refusesReference: true,
  settings: {
    bins: {
      type: 'number',
      default: 10,
      minimum: 1,
      integer: true,
      description: 'Number of bins of the histogram.',
    },
    power: {
      type: 'number',
      default: 2,
      exclusiveMinimum: 0,
      description: 'Exponent of the Euclidean distance.',
    },
  },
} satisfies PairLossEntry<FastAPLossOptions>;
