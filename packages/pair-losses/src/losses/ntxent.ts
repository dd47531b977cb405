import * as tf from '@tensorflow/tfjs-core';
import { checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { eachRow } from '../host/each-row.js';
import { logSumExp, sigmoid, softplus } from '../host/log-sum-exp.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import { hasAny, isTooFew, type LossOptions, PairLoss, pairCounts, signOf } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { MeanReducer } from '../reducers/mean.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `NTXentLoss`. */
export interface NTXentLossOptions extends LossOptions {
  /** Divisor of the similarities, above 0. Default 0.07. */
  temperature?: number;
}

/**
 * InfoNCE of a positive pair (a, p): −log(exp(s_ap / t) / (exp(s_ap / t) + Σ_negatives of a exp(s_an / t))). A distance is
 * used as a negative similarity. With two views of every image as the only positives this is NT-Xent.
 *
 * Defaults: `CosineSimilarity`, `MeanReducer` over positive pairs. Repeated pairs count repeatedly. A batch without any
 * positive or without any negative pair gives 0.
 * @see Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020; van den Oord, Li
 *   and Vinyals, "Representation Learning with Contrastive Predictive Coding", 2018.
 */
export class NTXentLoss extends PairLoss {
  protected readonly title = 'NTXentLoss';
  readonly temperature: number;

  /** @throws RangeError unless the temperature is above 0. */
  constructor({ temperature = 0.07, ...options }: NTXentLossOptions = {}) {
    super({ distance: new CosineSimilarity(), reducer: new MeanReducer(), ...options });
    this.temperature = checkPositive('NTXentLoss: temperature', temperature);
  }

  protected plan(pairs: PairSource): LossPlan | undefined {
    const counts = pairs.positiveCounts();
    if (isTooFew(pairs) || !hasAny(counts) || !hasAny(pairs.negativeCounts())) return undefined;
    const scale = -signOf(this.distance) / this.temperature;
    return {
      counts: [counts],
      kernel: (block) => {
        const { columns, parts } = block;
        const [x, slope] = [new Float64Array(columns), new Float64Array(columns)];
        eachRow(block, pairs, false, ({ row, values, positive, negative }) => {
          for (let k = 0; k < columns; k++) x[k] = values[k] * scale;
          const others = logSumExp(x, negative, slope);
          const isUsed = others !== Number.NEGATIVE_INFINITY;
          values.fill(0);
          let total = 0;
          for (let k = 0; k < columns; k++) {
            if (positive[k] === 0) continue;
            const gap = others - x[k];
            const weight = parts[0].add(isUsed ? softplus(gap) : 0, row, positive[k]);
            if (!isUsed) continue;
            const g = weight * sigmoid(gap);
            total += g;
            values[k] -= g * scale;
          }
          for (let k = 0; k < columns; k++) values[k] += total * slope[k] * scale;
        });
      },
      block(matrix, start) {
        const { positive, negative } = pairCounts(pairs, start, matrix, false);
        const x = tf.mul(matrix, scale) as tf.Tensor2D;
        const others = maskedLogSumExp(x, negative);
        const isUsed = tf.expandDims(others.isAny, 1);
        const gap = tf.sub(tf.expandDims(others.value, 1), x);
        return {
          parts: [{ losses: tf.where(isUsed, tf.softplus(gap), tf.zerosLike(gap)), times: positive }],
          pullback([d]) {
            const g = tf.where(isUsed, tf.mul(d, tf.sigmoid(gap)), 0);
            const dx = tf.sub(tf.mul(tf.sum(g, 1, true), others.slope), g);
            return { matrix: tf.mul(dx, scale) as tf.Tensor2D };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const ntxentLoss = {
  create: (options) => new NTXentLoss(options),
  description: 'cross-entropy of one positive among the negatives (InfoNCE)',
  settings: {
    temperature: {
      type: 'number',
      default: 0.07,
      exclusiveMinimum: 0,
      description: 'Divisor of the similarities.',
    },
  },
} satisfies PairLossEntry<NTXentLossOptions>;
