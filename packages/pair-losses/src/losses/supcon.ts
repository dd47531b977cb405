import * as tf from '@tensorflow/tfjs-core';
import { checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { eachRow } from '../host/each-row.js';
import { exp } from '../host/exp.js';
import { maskColumn } from '../host/mask-column.js';
import { scaleRow } from '../host/scale-row.js';
import { softmaxFunctions } from '../host/softmax.js';
import { addressOf } from '../host/wasm-functions.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import { hasAny, isTooFew, type LossOptions, PairLoss, pairCounts, signOf } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { AvgNonZeroReducer } from '../reducers/average-nonzero.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `SupConLoss`. */
export interface SupConLossOptions extends LossOptions {
  /** Divisor of the similarities, above 0. Default 0.1. */
  temperature?: number;
}

/**
 * Supervised contrastive loss of a row: −mean over its positives of log(exp(s_p / t) / Σ exp(s / t)), where the sum is over
 * all its positives and negatives. A distance is used as a negative similarity. Rows without positives cost 0.
 *
 * Defaults: `CosineSimilarity`, `AvgNonZeroReducer`. Repeated pairs count once. A batch without any positive or without
 * any negative pair gives 0.
 * @see Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020.
 */
export class SupConLoss extends PairLoss {
  protected readonly title = 'SupConLoss';
  readonly temperature: number;

  /** @throws RangeError unless the temperature is above 0. */
  constructor({ temperature = 0.1, ...options }: SupConLossOptions = {}) {
    super({ distance: new CosineSimilarity(), reducer: new AvgNonZeroReducer(), ...options });
    this.temperature = checkPositive('SupConLoss: temperature', temperature);
  }

  protected plan(pairs: PairSource): LossPlan | undefined {
    if (isTooFew(pairs) || !hasAny(pairs.positiveCounts()) || !hasAny(pairs.negativeCounts()))
      return undefined;
    const scale = -signOf(this.distance) / this.temperature;
    return {
      counts: [new Float64Array(pairs.rows).fill(1)],
      kernel: (block) => {
        const { matrix, rows, columns, start, parts } = block;
        const wasm = pairs.tuples ? undefined : softmaxFunctions(matrix);
        if (wasm) {
          for (let row = 0; row < rows; row++) {
            const values = matrix.subarray(row * columns, (row + 1) * columns);
            const positives = pairs.positivesOf(start + row);
            const count = positives.length;
            maskColumn(values, pairs.ownColumnOf(start + row), scale);
            let near = 0;
            for (const k of positives) near += values[k] * scale;
            const top = wasm.largest(addressOf(values), columns, scale);
            const sum = wasm.exponentials(addressOf(values), columns, scale, top);
            const loss = count > 0 ? top + Math.log(sum) - near / count : 0;
            const weight = parts[0].add(loss, start + row) * (count > 0 ? scale : 0);
            scaleRow(values, sum > 0 ? weight / sum : 0);
            for (const k of positives) values[k] -= weight / count;
          }
          return;
        }
        const terms = new Float64Array(columns);
        eachRow(block, pairs, true, ({ row, values, positive, negative }) => {
          let [count, near, top] = [0, 0, Number.NEGATIVE_INFINITY];
          for (let k = 0; k < columns; k++) {
            const x = values[k] * scale;
            count += positive[k];
            near += positive[k] * x;
            if (x > top && positive[k] + negative[k] > 0) top = x;
          }
          let sum = 0;
          for (let k = 0; k < columns; k++) {
            const times = positive[k] + negative[k];
            const term = times > 0 ? times * exp(values[k] * scale - top) : 0;
            terms[k] = term;
            sum += term;
          }
          const share = count > 0 ? 1 / count : 0;
          const loss = count > 0 ? top + Math.log(sum) - share * near : 0;
          const weight = parts[0].add(loss, row) * (count > 0 ? scale : 0);
          const factor = sum > 0 ? weight / sum : 0;
          const pull = weight * share;
          for (let k = 0; k < columns; k++) values[k] = factor * terms[k] - pull * positive[k];
        });
      },
      block(matrix, start) {
        const { positive, negative } = pairCounts(pairs, start, matrix, true);
        const x = tf.mul(matrix, scale) as tf.Tensor2D;
        const all = maskedLogSumExp(x, tf.add(positive, negative) as tf.Tensor2D);
        const count = tf.sum(positive, 1, true);
        const share = tf.div(positive, tf.maximum(count, 1));
        const isUsed = tf.cast(tf.greater(tf.squeeze(count, [1]), 0), 'float32');
        // Subtracting first keeps the difference precise.
        const gap = tf.sub(tf.expandDims(all.value, 1), x);
        return {
          parts: [{ losses: tf.sum(tf.mul(share, gap), 1) }],
          pullback([d]) {
            const g = tf.expandDims(tf.mul(tf.mul(d, isUsed), scale), 1);
            return { matrix: tf.mul(g, tf.sub(all.slope, share)) as tf.Tensor2D };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const supconLoss = {
  create: (options) => new SupConLoss(options),
  description: 'mean cross-entropy of all positives among all pairs',
  settings: {
    temperature: {
      type: 'number',
      default: 0.1,
      exclusiveMinimum: 0,
      description: 'Divisor of the similarities.',
    },
  },
} satisfies PairLossEntry<SupConLossOptions>;
