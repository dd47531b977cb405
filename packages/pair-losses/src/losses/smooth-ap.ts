import * as tf from '@tensorflow/tfjs-core';
import { checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { sigmoid } from '../host/log-sum-exp.js';
import { gatherEntries } from '../pairs/gather-entries.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { type LossOptions, PairLoss } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { rowWeights } from '../pairs/tuples.js';
import { MeanReducer } from '../reducers/mean.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `SmoothAPLoss`. The distance is always the cosine. */
export interface SmoothAPLossOptions extends Omit<LossOptions, 'distance'> {
  /** Divisor of differences of cosines in the sigmoid, above 0. Default 0.01. */
  temperature?: number;
}

/**
 * Smooth-AP: 1 − average precision of each row's ranking, with sigmoids in place of comparisons. The row itself is one of
 * its positives. Mined tuples only weigh the rows, by how often they occur.
 *
 * Every class of the batch must have the same number of rows, in any order. Default: `MeanReducer` over rows. `ref` is not
 * supported.
 * @see Brown et al., "Smooth-AP: Smoothing the Path Towards Large-Scale Image Retrieval", ECCV 2020.
 */
export class SmoothAPLoss extends PairLoss {
  protected readonly title = 'SmoothAPLoss';
  readonly temperature: number;

  /** @throws RangeError unless the temperature is above 0. */
  constructor({ temperature = 0.01, ...options }: SmoothAPLossOptions = {}) {
    super({ reducer: new MeanReducer(), ...options, distance: new CosineSimilarity() });
    this.temperature = checkPositive('SmoothAPLoss: temperature', temperature);
  }

  /** @throws RangeError for reference embeddings, or if the classes have different numbers of rows. */
  protected plan({ labels, isSelf, tuples, rows }: PairSource): LossPlan {
    if (!isSelf) throw new RangeError('SmoothAPLoss: ref is not supported; omit it.');
    const members = new Map<number, number[]>();
    labels.forEach((label, row) => {
      members.set(label, [...(members.get(label) ?? []), row]);
    });
    const sizes = [...new Set([...members.values()].map((list) => list.length))];
    if (sizes.length > 1) {
      throw new RangeError(
        `SmoothAPLoss: the classes of this batch have ${sizes.join(' and ')} rows; use the same number of rows per class.`,
      );
    }
    const [size] = sizes;
    const weights = rowWeights(tuples, rows);
    const { temperature } = this;
    return {
      counts: [new Float64Array(rows).fill(1)],
      valuesPerEntry: size,
      kernel: ({ matrix, rows: count, columns, start, parts }) => {
        const compared = new Float64Array(size * columns);
        const gradient = new Float64Array(columns);
        for (let row = 0; row < count; row++) {
          const values = matrix.subarray(row * columns, (row + 1) * columns);
          const own = members.get(labels[start + row]) ?? [];
          const ranks = own.map((member, j) => {
            let [all, inClass] = [0.5, 0.5];
            for (let k = 0; k < columns; k++) {
              const c = sigmoid((values[k] - values[member]) / temperature);
              compared[j * columns + k] = c;
              all += c;
            }
            for (const k of own) inClass += compared[j * columns + k];
            return { all, inClass };
          });
          const precision = ranks.reduce((sum, { all, inClass }) => sum + inClass / all, 0) / size;
          const weight = weights[start + row];
          const g = (-parts[0].add((1 - precision) * weight, start + row) * weight) / size / temperature;
          gradient.fill(0);
          for (const [j, member] of own.entries()) {
            const { all, inClass } = ranks[j];
            const [dAll, dClass] = [(-g * inClass) / all / all, g / all];
            const add = (k: number, factor: number) => {
              const c = compared[j * columns + k];
              const slope = factor * c * (1 - c);
              gradient[k] += slope;
              gradient[member] -= slope;
            };
            for (let k = 0; k < columns; k++) add(k, dAll);
            for (const k of own) add(k, dClass);
          }
          values.set(gradient);
        }
      },
      block(matrix, start) {
        const count = matrix.shape[0];
        const places = Array.from({ length: count }, (_, row) => members.get(labels[start + row]) ?? []);
        const anchors = Int32Array.from({ length: count * size }, (_, k) => Math.floor(k / size));
        const gathered = gatherEntries(matrix, anchors, Int32Array.from(places.flat()));
        const own = tf.reshape(gathered.value, [count, size]) as tf.Tensor2D;
        // Rank of member j among columns k: 1 + Σ sigmoid((s_k − s_j) / t), less the sigmoid of j itself.
        const rank = (values: tf.Tensor2D) => {
          const compared = tf.sigmoid(
            tf.div(tf.sub(tf.expandDims(values, 1), tf.expandDims(own, 2)), temperature),
          );
          return { compared, value: tf.add(tf.sum(compared, 2), 0.5) };
        };
        const inClass = rank(own);
        const inAll = rank(matrix);
        const ratio = tf.div(inClass.value, inAll.value);
        const weight = tf.tensor1d(weights.subarray(start, start + count));
        const precision = tf.div(tf.sum(ratio, 1), size);
        return {
          parts: [{ losses: tf.mul(tf.sub(1, precision), weight) }],
          pullback([d]) {
            const g = tf.expandDims(tf.neg(tf.div(tf.mul(d, weight), size)), 1);
            const slope = (compared: tf.Tensor, dRank: tf.Tensor) =>
              tf.mul(tf.div(tf.mul(compared, tf.sub(1, compared)), temperature), tf.expandDims(dRank, 2));
            const dClass = slope(inClass.compared, tf.div(g, inAll.value));
            const dAll = slope(inAll.compared, tf.neg(tf.div(tf.mul(g, ratio), inAll.value)));
            const dOwn = tf.sub(tf.sum(dClass, 1), tf.add(tf.sum(dClass, 2), tf.sum(dAll, 2)));
            const scattered = gathered.pullback(tf.reshape(dOwn, [-1]) as tf.Tensor1D);
            return { matrix: tf.add(tf.sum(dAll, 1), scattered) as tf.Tensor2D };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const smoothApLoss = {
  create: (options) => new SmoothAPLoss(options),
  description: '1 − average precision with sigmoids in place of comparisons',
  refusesReference: true,
  settings: {
    temperature: {
      type: 'number',
      default: 0.01,
      exclusiveMinimum: 0,
      description: 'Divisor of differences of cosines in the sigmoid.',
    },
  },
} satisfies PairLossEntry<SmoothAPLossOptions>;
