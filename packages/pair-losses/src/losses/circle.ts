import * as tf from '@tensorflow/tfjs-core';
import { checkFinite, checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { eachRow } from '../host/each-row.js';
import { logSumExp, sigmoid, softplus } from '../host/log-sum-exp.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import { isTooFew, type LossOptions, PairLoss, pairCounts } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { AvgNonZeroReducer } from '../reducers/average-nonzero.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `CircleLoss`. The distance is always the cosine. */
export interface CircleLossOptions extends Omit<LossOptions, 'distance'> {
  /** Relaxation of the decision boundary. Default 0.4. */
  m?: number;
  /** Scale of the similarities, above 0. Default 80. */
  gamma?: number;
}

/**
 * Circle loss of a row with cosines s: log(1 + Σ_positives exp(−gamma [1 + m − s]₊ (s − 1 + m)) ·
 * Σ_negatives exp(gamma [s + m]₊ (s − m))). The weights [·]₊ receive no gradient. Rows without a positive or a negative
 * pair cost 0.
 *
 * Default: `AvgNonZeroReducer`. Repeated pairs count once.
 * @see Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization", CVPR 2020.
 */
export class CircleLoss extends PairLoss {
  protected readonly title = 'CircleLoss';
  readonly m: number;
  readonly gamma: number;

  /** @throws RangeError unless gamma is above 0 and m is finite. */
  constructor({ m = 0.4, gamma = 80, ...options }: CircleLossOptions = {}) {
    super({ reducer: new AvgNonZeroReducer(), ...options, distance: new CosineSimilarity() });
    this.m = checkFinite('CircleLoss: m', m);
    this.gamma = checkPositive('CircleLoss: gamma', gamma);
  }

  protected plan(pairs: PairSource): LossPlan | undefined {
    if (isTooFew(pairs)) return undefined;
    const { m, gamma } = this;
    return {
      counts: [new Float64Array(pairs.rows).fill(1)],
      kernel: (block) => {
        const { columns, parts } = block;
        const [x, towards, away] = [1, 2, 3].map(() => new Float64Array(columns));
        const [pull, push] = [new Float64Array(columns), new Float64Array(columns)];
        eachRow(block, pairs, true, ({ row, values, positive, negative }) => {
          for (let k = 0; k < columns; k++) {
            towards[k] = -gamma * Math.max(1 + m - values[k], 0);
            x[k] = towards[k] * (values[k] - 1 + m);
          }
          let sum = logSumExp(x, positive, pull);
          for (let k = 0; k < columns; k++) {
            away[k] = gamma * Math.max(values[k] + m, 0);
            x[k] = away[k] * (values[k] - m);
          }
          sum += logSumExp(x, negative, push);
          const isUsed = sum !== Number.NEGATIVE_INFINITY;
          const weight = parts[0].add(isUsed ? softplus(sum) : 0, row) * (isUsed ? sigmoid(sum) : 0);
          for (let k = 0; k < columns; k++) values[k] = weight * (pull[k] * towards[k] + push[k] * away[k]);
        });
      },
      block(matrix, start) {
        const { positive, negative } = pairCounts(pairs, start, matrix, true);
        const towards = tf.mul(tf.relu(tf.sub(1 + m, matrix)), -gamma);
        const away = tf.mul(tf.relu(tf.add(matrix, m)), gamma);
        const pull = maskedLogSumExp(tf.mul(towards, tf.sub(matrix, 1 - m)) as tf.Tensor2D, positive);
        const push = maskedLogSumExp(tf.mul(away, tf.sub(matrix, m)) as tf.Tensor2D, negative);
        const sum = tf.add(pull.value, push.value);
        const isUsed = tf.logicalAnd(pull.isAny, push.isAny);
        return {
          parts: [{ losses: tf.where(isUsed, tf.softplus(sum), 0) }],
          pullback([d]) {
            const g = tf.expandDims(tf.where(isUsed, tf.mul(d, tf.sigmoid(sum)), 0), 1);
            const slope = tf.add(tf.mul(pull.slope, towards), tf.mul(push.slope, away));
            return { matrix: tf.mul(g, slope) as tf.Tensor2D };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const circleLoss = {
  create: (options) => new CircleLoss(options),
  description: 'log(1 + Σ exp(logits⁺) Σ exp(logits⁻)), each pair weighted by its distance from its optimum',
  settings: {
    m: {
      type: 'number',
      default: 0.4,
      description: 'Relaxation of the decision boundary.',
    },
    gamma: {
      type: 'number',
      default: 80,
      exclusiveMinimum: 0,
      description: 'Scale of the similarities.',
    },
  },
} satisfies PairLossEntry<CircleLossOptions>;
