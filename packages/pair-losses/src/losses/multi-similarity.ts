import * as tf from '@tensorflow/tfjs-core';
import { checkFinite, checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { eachRow } from '../host/each-row.js';
import { logSumExp } from '../host/log-sum-exp.js';
import { maskColumn } from '../host/mask-column.js';
import { scaleRow } from '../host/scale-row.js';
import { softmaxFunctions } from '../host/softmax.js';
import { addressOf } from '../host/wasm-functions.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import { isTooFew, type LossOptions, PairLoss, pairCounts, signOf } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { MeanReducer } from '../reducers/mean.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `MultiSimilarityLoss`. */
export interface MultiSimilarityLossOptions extends LossOptions {
  /** Weight of positive pairs in the exponent, above 0. Default 2. */
  alpha?: number;
  /** Weight of negative pairs in the exponent, above 0. Default 50. */
  beta?: number;
  /** Similarity that is subtracted in both exponents. Default 0.5. */
  base?: number;
}

/**
 * Multi-similarity loss of a row with similarities s:
 * log(1 + Σ_positives exp(−alpha (s − base))) / alpha + log(1 + Σ_negatives exp(beta (s − base))) / beta.
 * With a distance the signs change.
 *
 * Defaults: `CosineSimilarity`, `MeanReducer` over all rows. Repeated pairs count once.
 * @see Wang et al., "Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning", CVPR 2019.
 */
export class MultiSimilarityLoss extends PairLoss {
  protected readonly title = 'MultiSimilarityLoss';
  readonly alpha: number;
  readonly beta: number;
  readonly base: number;

  /** @throws RangeError unless alpha and beta are above 0 and base is finite. */
  constructor({ alpha = 2, beta = 50, base = 0.5, ...options }: MultiSimilarityLossOptions = {}) {
    super({ distance: new CosineSimilarity(), reducer: new MeanReducer(), ...options });
    this.alpha = checkPositive('MultiSimilarityLoss: alpha', alpha);
    this.beta = checkPositive('MultiSimilarityLoss: beta', beta);
    this.base = checkFinite('MultiSimilarityLoss: base', base);
  }

  protected plan(pairs: PairSource): LossPlan | undefined {
    if (isTooFew(pairs)) return undefined;
    const { alpha, beta, base } = this;
    const sign = signOf(this.distance);
    return {
      counts: [new Float64Array(pairs.rows).fill(1)],
      kernel: (block) => {
        const { matrix, rows, columns, start, parts } = block;
        const wasm = pairs.tuples ? undefined : softmaxFunctions(matrix);
        if (wasm) {
          const factor = -sign * beta;
          const offset = sign * beta * base;
          for (let row = 0; row < rows; row++) {
            const values = matrix.subarray(row * columns, (row + 1) * columns);
            const positives = pairs.positivesOf(start + row);
            const x = Float64Array.from(positives, (k) => sign * alpha * (values[k] - base));
            const pull = new Float64Array(x.length);
            const near = logSumExp(x, new Float32Array(x.length).fill(1), pull, true);
            for (const k of positives) maskColumn(values, k, factor);
            maskColumn(values, pairs.ownColumnOf(start + row), factor);
            const top = Math.max(0, wasm.largest(addressOf(values), columns, factor) + offset);
            const sum = wasm.exponentials(addressOf(values), columns, factor, top - offset) + Math.exp(-top);
            const loss = near / alpha + (top + Math.log(sum)) / beta;
            const weight = parts[0].add(loss, start + row) * sign;
            scaleRow(values, -weight / sum);
            for (const [i, k] of positives.entries()) values[k] = weight * pull[i];
          }
          return;
        }
        const x = new Float64Array(columns);
        const [pull, push] = [new Float64Array(columns), new Float64Array(columns)];
        eachRow(block, pairs, true, ({ row, values, positive, negative }) => {
          for (let k = 0; k < columns; k++) x[k] = sign * alpha * (values[k] - base);
          let loss = logSumExp(x, positive, pull, true) / alpha;
          for (let k = 0; k < columns; k++) x[k] = -sign * beta * (values[k] - base);
          loss += logSumExp(x, negative, push, true) / beta;
          const weight = parts[0].add(loss, row) * sign;
          for (let k = 0; k < columns; k++) values[k] = weight * (pull[k] - push[k]);
        });
      },
      block(matrix, start) {
        const { positive, negative } = pairCounts(pairs, start, matrix, true);
        const apart = tf.mul(tf.sub(matrix, base), sign);
        const pull = maskedLogSumExp(tf.mul(apart, alpha) as tf.Tensor2D, positive, true);
        const push = maskedLogSumExp(tf.mul(apart, -beta) as tf.Tensor2D, negative, true);
        return {
          parts: [{ losses: tf.add(tf.div(pull.value, alpha), tf.div(push.value, beta)) }],
          pullback: ([d]) => ({
            matrix: tf.mul(tf.expandDims(tf.mul(d, sign), 1), tf.sub(pull.slope, push.slope)) as tf.Tensor2D,
          }),
        };
      },
    };
  }
}

/** The registry's entry. */
export const multiSimilarityLoss = {
  create: (options) => new MultiSimilarityLoss(options),
  description: 'log(1 + Σ exp(−alpha (s⁺ − base))) / alpha + log(1 + Σ exp(beta (s⁻ − base))) / beta',
  settings: {
    alpha: {
      type: 'number',
      default: 2,
      exclusiveMinimum: 0,
      description: 'Weight of positive pairs in the exponent.',
    },
    beta: {
      type: 'number',
      default: 50,
      exclusiveMinimum: 0,
      description: 'Weight of negative pairs in the exponent.',
    },
    base: {
      type: 'number',
      default: 0.5,
      description: 'Similarity that is subtracted in both exponents.',
    },
  },
} satisfies PairLossEntry<MultiSimilarityLossOptions>;
