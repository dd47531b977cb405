import * as tf from '@tensorflow/tfjs-core';
import { checkFinite, checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { eachRow, type KernelRow } from '../host/each-row.js';
import { exp, SAFE_EXPONENT } from '../host/exp.js';
import { scaleRow } from '../host/scale-row.js';
import { sigmoidFunctions } from '../host/sigmoid.js';
import { addressOf } from '../host/wasm-functions.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { type LossOptions, PairLoss, pairCounts, signOf } from '../pairs/pair-loss.js';
import type { PairSource } from '../pairs/pair-source.js';
import { MeanReducer } from '../reducers/mean.js';
import type { PairLossEntry } from '../registry/loss-entry.js';

/** Options of `SigLIPLoss`. */
export interface SigLIPLossOptions extends LossOptions {
  /** Initial factor of the similarities, above 0. Default 10. */
  scale?: number;
  /** Initial value added to the logits. Default −10. */
  bias?: number;
}

/**
 * Sigmoid loss of a row: −Σ log sigmoid(z (scale · s + bias)) over its pairs, with z = 1 for positive and −1 for negative
 * pairs. A distance is used as a negative similarity.
 *
 * `parameters` are the logarithm of the scale and the bias, float32 [1] each; both are learned. Pass the other tower's
 * embeddings as `ref`. Without `ref` a row is not its own pair. Defaults: `CosineSimilarity`, `MeanReducer` over rows.
 * Repeated pairs count repeatedly. It has no counterpart in pytorch-metric-learning.
 * @see Zhai et al., "Sigmoid Loss for Language Image Pre-Training", ICCV 2023.
 */
export class SigLIPLoss extends PairLoss {
  protected readonly title = 'SigLIPLoss';
  override readonly parameters: readonly tf.Variable[];
  /** Logarithm of the scale, float32 [1]. */
  readonly logScale: tf.Variable<tf.Rank.R1>;
  /** Value added to the logits, float32 [1]. */
  readonly bias: tf.Variable<tf.Rank.R1>;

  /** @throws RangeError unless scale is above 0 and bias is finite. */
  constructor({ scale = 10, bias = -10, ...options }: SigLIPLossOptions = {}) {
    super({ distance: new CosineSimilarity(), reducer: new MeanReducer(), ...options });
    const values = [
      Math.log(checkPositive('SigLIPLoss: scale', scale)),
      checkFinite('SigLIPLoss: bias', bias),
    ];
    const [first, second] = values.map((value) => tf.tidy(() => tf.variable(tf.tensor1d([value]))));
    this.logScale = first;
    this.bias = second;
    this.parameters = [first, second];
  }

  protected plan(pairs: PairSource): LossPlan {
    const sign = -signOf(this.distance);
    return {
      counts: [new Float64Array(pairs.rows).fill(1)],
      // A reducer that drops rows weighs (i, j) and (j, i) differently.
      isSymmetric: !pairs.tuples && !this.reducer.range,
      kernel: (block) => {
        const { matrix, columns, start, parts, gradients } = block;
        const [scale, bias] = [Math.exp(block.parameters[0][0]) * sign, block.parameters[1][0]];
        const add = (row: number, values: Float32Array, { loss, sumOfScale, sumOfBias }: RowSums) => {
          const weight = parts[0].add(loss, row);
          scaleRow(values, weight * scale);
          gradients[0][0] += weight * sumOfScale * scale;
          gradients[1][0] += weight * sumOfBias;
        };
        const wasm = pairs.tuples ? undefined : sigmoidFunctions(matrix);
        if (!wasm) {
          eachRow(block, pairs, false, (entries) => {
            add(entries.row, entries.values, replaceBySlopes(entries, scale, bias));
          });
          return;
        }
        for (let row = 0; row < block.rows; row++) {
          const values = matrix.subarray(row * columns, (row + 1) * columns);
          add(start + row, values, replaceAllBySlopes(wasm, values, pairs, start + row, scale, bias));
        }
      },
      block(matrix, start, [logScale, bias]) {
        const { positive, negative } = pairCounts(pairs, start, matrix, false);
        const scale = tf.mul(tf.exp(logScale), sign);
        const scaled = tf.mul(matrix, scale);
        const logits = tf.add(scaled, bias);
        const pull = tf.mul(positive, tf.softplus(tf.neg(logits)));
        const push = tf.mul(negative, tf.softplus(logits));
        return {
          parts: [{ losses: tf.sum(tf.add(pull, push), 1) }],
          pullback([d]) {
            const p = tf.sigmoid(logits);
            const slope = tf.sub(tf.mul(negative, p), tf.mul(positive, tf.sub(1, p)));
            const g = tf.mul(tf.expandDims(d, 1), slope);
            return {
              matrix: tf.mul(g, scale) as tf.Tensor2D,
              parameters: [tf.reshape(tf.sum(tf.mul(g, scaled)), [1]), tf.reshape(tf.sum(g), [1])],
            };
          },
        };
      },
    };
  }
}

/** Sums over a row: its loss, and what its gradients by the scale and the bias are proportional to. */
interface RowSums {
  loss: number;
  sumOfScale: number;
  sumOfBias: number;
}

/** Replaces the values of a row without mined pairs by the derivatives of its loss by the logits. */
function replaceAllBySlopes(
  wasm: NonNullable<ReturnType<typeof sigmoidFunctions>>,
  values: Float32Array,
  pairs: PairSource,
  row: number,
  scale: number,
  bias: number,
): RowSums {
  const positives = pairs.positivesOf(row);
  let loss = 0;
  let sumOfScale = 0;
  for (const k of positives) {
    loss -= values[k] * scale + bias;
    sumOfScale -= values[k];
  }
  // The logit of no pair becomes −Infinity.
  const own = pairs.ownColumnOf(row);
  if (own >= 0) values[own] = -Math.sign(scale) * LARGEST;
  loss += wasm.sigmoids(addressOf(values), values.length, scale, bias);
  for (const k of positives) values[k] -= 1;
  return {
    loss,
    sumOfScale: sumOfScale + wasm.sumOfProducts(),
    sumOfBias: wasm.sumOfShares() - positives.length,
  };
}

/** The largest finite float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** Replaces the values of a row by the derivatives of its loss by the logits. */
function replaceBySlopes({ values, positive, negative }: KernelRow, scale: number, bias: number): RowSums {
  // A positive costs log(1 + e^logit) − logit, a negative log(1 + e^logit). The sum of logarithms is that of a product.
  let loss = 0;
  let product = 1;
  let sumOfScale = 0;
  let sumOfBias = 0;
  for (let k = 0; k < values.length; k++) {
    const value = values[k];
    const logit = value * scale + bias;
    const positives = positive[k];
    const times = negative[k] + positives;
    let share = 1;
    loss -= positives * logit;
    if (logit > SAFE_EXPONENT) loss += times * logit;
    else {
      const term = exp(logit);
      share = term / (1 + term);
      if (times <= 1) product *= 1 + times * term;
      else loss += times * Math.log1p(term);
      if (product > LARGE_PRODUCT) {
        loss += Math.log(product);
        product = 1;
      }
    }
    const slope = times * share - positives;
    sumOfScale += slope * value;
    sumOfBias += slope;
    values[k] = slope;
  }
  return { loss: loss + Math.log(product), sumOfScale, sumOfBias };
}

/** The product of a larger one and one more factor could overflow. */
const LARGE_PRODUCT = 1e270;

/** The registry's entry. */
export const siglipLoss = {
  create: (options) => new SigLIPLoss(options),
  description: 'binary cross-entropy of each pair, with a learned scale and bias',
  settings: {
    scale: {
      type: 'number',
      default: 10,
      exclusiveMinimum: 0,
      description: 'Initial factor of the similarities.',
    },
    bias: {
      type: 'number',
      default: -10,
      description: 'Initial value added to the logits.',
    },
  },
} satisfies PairLossEntry<SigLIPLossOptions>;
