import * as tf from '@tensorflow/tfjs-core';
import { checkFinite, checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
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
      isWhole: true,
      kernel: ({ matrix, rows, columns, parts }) => {
        const [pull, push] = parts;
        const factor = sign * alpha;
        // Each column has a sum of its own rows' terms and one of the others', both with a 1 added.
        const [topPull, topPush, sumPull, sumPush] = [1, 2, 3, 4].map(() => new Float64Array(columns));
        const eachEntry = (use: (at: number, column: number, isOwn: boolean, exponent: number) => void) => {
          for (let row = 0, at = 0; row < rows; row++) {
            const shift = weights[row] - 1;
            for (let column = 0; column < columns; column++, at++) {
              const isOwn = labels[row] === column;
              const exponent = isOwn ? factor * (matrix[at] - margin) : -factor * (matrix[at] + margin);
              use(at, column, isOwn, exponent + shift);
            }
          }
        };
        eachEntry((_at, column, isOwn, exponent) => {
          const top = isOwn ? topPull : topPush;
          if (exponent > top[column]) top[column] = exponent;
        });
        eachEntry((at, column, isOwn, exponent) => {
          const term = Math.exp(exponent - (isOwn ? topPull : topPush)[column]);
          (isOwn ? sumPull : sumPush)[column] += term;
          matrix[at] = term;
        });
        for (let column = 0; column < columns; column++) {
          const [own, others] = [
            sumPull[column] + Math.exp(-topPull[column]),
            sumPush[column] + Math.exp(-topPush[column]),
          ];
          // The sums become the factors of the terms.
          sumPull[column] = (factor * pull.add(topPull[column] + Math.log(own), column)) / own;
          sumPush[column] = (-factor * push.add(topPush[column] + Math.log(others), column)) / others;
        }
        pull.addDivisor(present);
        push.addDivisor(classes);
        for (let row = 0, at = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++, at++) {
            matrix[at] *= (labels[row] === column ? sumPull : sumPush)[column];
          }
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
