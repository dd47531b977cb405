import * as tf from '@tensorflow/tfjs-core';
import { checkFinite } from '../check.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import { eachRow } from '../host/each-row.js';
import { logSumExp } from '../host/log-sum-exp.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { LOWEST, maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import { hasAny, isTooFew, type LossOptions, PairLoss, pairCounts, signOf } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { MeanReducer } from '../reducers/mean.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `LiftedStructureLoss`. */
export interface LiftedStructureLossOptions extends LossOptions {
  /** Distance that negative pairs should reach. Default 1. */
  negMargin?: number;
  /** Distance that is subtracted from that of a positive pair. Default 0. */
  posMargin?: number;
}

/**
 * Lifted structure loss of a positive pair (a, p):
 * max(0, log Σ exp(negMargin − d_n) + d_ap − posMargin)² / 2, where the sum is over the negative pairs of a and of p. With
 * a similarity the signs change.
 *
 * Defaults: `EuclideanDistance`, `MeanReducer` over positive pairs. Repeated pairs count repeatedly. It requires all distances at
 * once. As in pytorch-metric-learning, the positive's negatives are those of the batch row of the same number, also with
 * `ref`.
 * @see Oh Song et al., "Deep Metric Learning via Lifted Structured Feature Embedding", CVPR 2016.
 */
export class LiftedStructureLoss extends PairLoss {
  protected readonly title = 'LiftedStructureLoss';
  readonly negMargin: number;
  readonly posMargin: number;

  /** @throws RangeError if a margin is not finite. */
  constructor({ negMargin = 1, posMargin = 0, ...options }: LiftedStructureLossOptions = {}) {
    super({ distance: new EuclideanDistance(), reducer: new MeanReducer(), ...options });
    this.negMargin = checkFinite('LiftedStructureLoss: negMargin', negMargin);
    this.posMargin = checkFinite('LiftedStructureLoss: posMargin', posMargin);
  }

  protected plan(pairs: PairSource): LossPlan | undefined {
    const counts = pairs.positiveCounts();
    if (isTooFew(pairs) || !hasAny(counts) || !hasAny(pairs.negativeCounts())) return undefined;
    const { negMargin, posMargin } = this;
    const sign = signOf(this.distance);
    return {
      counts: [counts],
      isWhole: true,
      kernel: (block) => {
        const { rows, columns, matrix, parts } = block;
        const [x, slope] = [new Float64Array(columns), new Float64Array(columns)];
        const sums = new Float64Array(rows);
        const fillX = (values: Float32Array) => {
          for (let k = 0; k < columns; k++) x[k] = sign * (negMargin - values[k]);
        };
        eachRow(block, pairs, false, ({ row, values, negative }) => {
          fillX(values);
          sums[row] = logSumExp(x, negative, slope);
        });
        const gradients: { at: number; g: number }[] = [];
        const weights = new Float64Array(rows);
        eachRow(block, pairs, false, ({ row, values, positive }) => {
          for (let k = 0; k < columns; k++) {
            if (positive[k] === 0) continue;
            // The negatives of the column's row; a column beyond the batch has none, and a row's own column adds no others.
            const other = k < rows && k !== row ? sums[k] : Number.NEGATIVE_INFINITY;
            const top = Math.max(sums[row], other);
            const isAny = top !== Number.NEGATIVE_INFINITY;
            const sum = isAny ? top + Math.log(Math.exp(sums[row] - top) + Math.exp(other - top)) : 0;
            const lifted = Math.max(0, sum + sign * (values[k] - posMargin));
            const g = parts[0].add(lifted ** 2 / 2, row, positive[k]) * lifted;
            gradients.push({ at: row * columns + k, g });
            if (!isAny) continue;
            weights[row] += g * Math.exp(sums[row] - sum);
            if (k < rows) weights[k] += g * Math.exp(other - sum);
          }
        });
        eachRow(block, pairs, false, ({ row, values, negative }) => {
          fillX(values);
          logSumExp(x, negative, slope);
          for (let k = 0; k < columns; k++) values[k] = -sign * weights[row] * slope[k];
        });
        for (const { at, g } of gradients) matrix[at] += sign * g;
      },
      block(matrix) {
        const [rows, columns] = matrix.shape;
        const { positive, negative } = pairCounts(pairs, 0, matrix, false);
        const own = maskedLogSumExp(tf.mul(tf.sub(negMargin, matrix), sign) as tf.Tensor2D, negative);
        const sums = tf.where(own.isAny, own.value, LOWEST) as tf.Tensor1D;
        const ofRow = tf.expandDims(sums, 1);
        // The negatives of a column's row; a column beyond the batch has none, and a row's own column adds no others.
        const fitted =
          columns <= rows ? tf.slice(sums, 0, columns) : tf.pad(sums, [[0, columns - rows]], LOWEST);
        const isOwn = tf.greater(tf.eye(rows, columns), 0);
        const ofColumn = tf.where(isOwn, LOWEST, tf.expandDims(fitted, 0));
        const top = tf.maximum(ofRow, ofColumn);
        const sum = tf.add(top, tf.log(tf.add(tf.exp(tf.sub(ofRow, top)), tf.exp(tf.sub(ofColumn, top)))));
        const isAny = tf.greater(top, LOWEST / 2);
        const lifted = tf.relu(tf.add(tf.where(isAny, sum, 0), tf.mul(tf.sub(matrix, posMargin), sign)));
        return {
          parts: [{ losses: tf.div(tf.square(lifted), 2), times: positive }],
          pullback([d]) {
            const g = tf.mul(d, lifted);
            const shared = tf.where(isAny, g, 0);
            const fromRow = tf.sum(tf.mul(shared, tf.exp(tf.sub(ofRow, sum))), 1) as tf.Tensor1D;
            const fromColumn = tf.sum(tf.mul(shared, tf.exp(tf.sub(ofColumn, sum))), 0) as tf.Tensor1D;
            const back =
              columns >= rows ? tf.slice(fromColumn, 0, rows) : tf.pad(fromColumn, [[0, rows - columns]]);
            const weight = tf.expandDims(tf.add(fromRow, back), 1);
            return { matrix: tf.mul(tf.sub(g, tf.mul(weight, own.slope)), sign) as tf.Tensor2D };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const liftedStructureLoss = {
  create: (options) => new LiftedStructureLoss(options),
  description: 'max(0, log Σ exp(negMargin − d⁻) + d⁺ − posMargin)² / 2',
  settings: {
    negMargin: {
      type: 'number',
      default: 1,
      description: 'Distance that negative pairs should reach.',
    },
    posMargin: {
      type: 'number',
      default: 0,
      description: 'Distance that is subtracted from that of a positive pair.',
    },
  },
} satisfies PairLossEntry<LiftedStructureLossOptions>;
