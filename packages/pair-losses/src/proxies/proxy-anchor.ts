import * as tf from '@tensorflow/tfjs-core';
import { checkFinite, checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { exp, SAFE_EXPONENT } from '../host/exp.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { maskedLogSumExp } from '../pairs/masked-log-sum-exp.js';
import { signOf } from '../pairs/pair-loss.js';
import { DivisorReducer } from '../reducers/divisor.js';
import type { ProxyLossEntry } from '../registry/loss-entry.js';
import { drawNormal, oneHotRows, type ProxyBatch, ProxyLoss, type ProxyLossOptions } from './proxy-loss.js';

/** Options of `ProxyAnchorLoss`. */
export interface ProxyAnchorLossOptions extends ProxyLossOptions {
  /** Margin of both similarities. Default 0.1. */
  margin?: number;
  /** Factor of the exponents, above 0. Default 32. */
  alpha?: number;
}

/**
 * Proxy-Anchor loss with similarities s of embeddings and proxies:
 * Σ_proxies log(1 + Σ_own exp(−alpha (s − margin))) / (proxies whose class is in the batch)
 * + Σ_proxies log(1 + Σ_others exp(alpha (s + margin))) / classes. With a distance the signs of s and margin change.
 *
 * The elements are the proxies: reducers count them, not rows. As in pytorch-metric-learning, weights from mined tuples are
 * added to the exponents, minus 1. Defaults: `CosineSimilarity`, `DivisorReducer`, proxies by He initialization.
 * @see Kim et al., "Proxy Anchor Loss for Deep Metric Learning", CVPR 2020.
 */
export class ProxyAnchorLoss extends ProxyLoss {
  protected readonly title = 'ProxyAnchorLoss';
  readonly margin: number;
  readonly alpha: number;

  /** @throws RangeError or TypeError if an option is out of range. */
  constructor({ margin = 0.1, alpha = 32, ...options }: ProxyAnchorLossOptions) {
    const defaults = { distance: new CosineSimilarity(), reducer: new DivisorReducer() };
    super('ProxyAnchorLoss', { ...defaults, ...options }, 1, (shape, seed) =>
      drawNormal(Math.sqrt(2 / shape[0]))(shape, seed),
    );
    this.margin = checkFinite('ProxyAnchorLoss: margin', margin);
    this.alpha = checkPositive('ProxyAnchorLoss: alpha', alpha);
  }

  protected override reducedLabels(): Int32Array {
    return Int32Array.from({ length: this.classes }, (_, k) => k);
  }

  protected plan({ labels, weights }: ProxyBatch): LossPlan {
    const { alpha, margin, classes } = this;
    const sign = signOf(this.distance);
    const counts = new Float64Array(classes).fill(1);
    const present = new Set(labels).size;
    return {
      counts: [counts, counts],
      divisors: [present, classes],
      isWhole: true,
      kernel: ({ matrix, rows, columns, parts }) => {
        const [pull, push] = parts;
        const factor = sign * alpha;
        const offset = -factor * margin;
        // Each column has a sum of its own rows' terms and one of the others', both with a 1 added.
        const [topPull, topPush] = findTops({ matrix, columns, labels, weights, factor, offset });
        const sumPull = topPull.map((top) => Math.exp(-top));
        const sumPush = topPush.map((top) => Math.exp(-top));
        for (let row = 0, at = 0; row < rows; row++) {
          const label = labels[row];
          const own = at + label;
          const added = offset + weights[row] - 1;
          const term = exp(factor * matrix[own] + added - topPull[label]);
          sumPull[label] += term;
          // The own class is no negative: its term below becomes 0.
          matrix[own] = factor * Number.POSITIVE_INFINITY;
          for (let column = 0; column < columns; column++, at++) {
            const other = exp(added - factor * matrix[at] - topPush[column]);
            sumPush[column] += other;
            matrix[at] = other;
          }
          matrix[own] = term;
        }
        for (let column = 0; column < columns; column++) {
          const [own, others] = [sumPull[column], sumPush[column]];
          // The sums become the factors of the terms.
          sumPull[column] = (factor * pull.add(topPull[column] + Math.log(own), column)) / own;
          sumPush[column] = (-factor * push.add(topPush[column] + Math.log(others), column)) / others;
        }
        for (let row = 0, at = 0; row < rows; row++) {
          const own = at + labels[row];
          const term = matrix[own] * sumPull[labels[row]];
          for (let column = 0; column < columns; column++, at++) matrix[at] *= sumPush[column];
          matrix[own] = term;
        }
      },
      block: (matrix) => {
        const positive = tf.transpose(oneHotRows(labels, 0, labels.length, classes)) as tf.Tensor2D;
        const shift = tf.sub(tf.tensor2d(weights, [1, weights.length]), 1);
        const apart = tf.mul(tf.transpose(matrix), sign * alpha);
        const pull = maskedLogSumExp(
          tf.add(tf.sub(apart, sign * alpha * margin), shift) as tf.Tensor2D,
          positive,
          true,
        );
        const push = maskedLogSumExp(
          tf.sub(shift, tf.add(apart, sign * alpha * margin)) as tf.Tensor2D,
          tf.sub(1, positive) as tf.Tensor2D,
          true,
        );
        const rows = this.reducedLabels();
        return {
          parts: [
            { losses: pull.value, rows, divisor: tf.scalar(present) },
            { losses: push.value, rows, divisor: tf.scalar(classes) },
          ],
          pullback([dPull, dPush]) {
            const slope = tf.sub(
              tf.mul(tf.expandDims(dPull, 1), pull.slope),
              tf.mul(tf.expandDims(dPush, 1), push.slope),
            );
            return { matrix: tf.transpose(tf.mul(slope, sign * alpha)) as tf.Tensor2D };
          },
        };
      },
    };
  }
}

/**
 * Returns what to subtract from the exponents of each column, for its own rows and for the others: the largest one, or 0 if
 * none is large.
 */
function findTops(terms: {
  matrix: Float32Array;
  columns: number;
  labels: Int32Array;
  weights: Float32Array;
  factor: number;
  offset: number;
}): [Float64Array, Float64Array] {
  const { matrix, columns, labels, weights, factor, offset } = terms;
  const [pull, push] = [new Float64Array(columns), new Float64Array(columns)];
  let largest = 0;
  for (let at = 0; at < matrix.length; at++) {
    const size = Math.abs(matrix[at]);
    if (size > largest) largest = size;
  }
  const added = weights.reduce((top, weight) => Math.max(top, Math.abs(weight - 1)), 0);
  if (Math.abs(factor) * largest + Math.abs(offset) + added <= SAFE_EXPONENT) return [pull, push];
  for (let row = 0, at = 0; row < labels.length; row++) {
    const shift = offset + weights[row] - 1;
    for (let column = 0; column < columns; column++, at++) {
      const isOwn = column === labels[row];
      const exponent = (isOwn ? factor : -factor) * matrix[at] + shift;
      const tops = isOwn ? pull : push;
      if (exponent > tops[column]) tops[column] = exponent;
    }
  }
  return [pull, push];
}

/** The registry's entry. */
export const proxyAnchorLoss = {
  create: (options) => new ProxyAnchorLoss(options),
  description: 'multi-similarity of each proxy with the rows of the batch',
  needsClasses: true,
  settings: {
    margin: {
      type: 'number',
      default: 0.1,
      description: 'Margin of both similarities.',
    },
    alpha: {
      type: 'number',
      default: 32,
      exclusiveMinimum: 0,
      description: 'Factor of the exponents.',
    },
  },
} satisfies ProxyLossEntry<ProxyAnchorLossOptions>;
