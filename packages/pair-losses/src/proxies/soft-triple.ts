import * as tf from '@tensorflow/tfjs-core';
import { checkCount, checkFinite, checkPositive } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { boundOf } from '../distances/distance.js';
import { crossEntropy } from '../host/cross-entropy.js';
import { exp, SAFE_EXPONENT } from '../host/exp.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { MeanReducer } from '../reducers/mean.js';
import type { ProxyLossEntry } from '../registry/loss-entry.js';
import {
  crossEntropyRows,
  oneHotRows,
  type ProxyBatch,
  ProxyLoss,
  type ProxyLossOptions,
} from './proxy-loss.js';

/** Options of `SoftTripleLoss`. */
export interface SoftTripleLossOptions extends ProxyLossOptions {
  /** Number of centers of each class, at least 1. Default 10. */
  centersPerClass?: number;
  /** Factor of the logits, above 0. Default 20. */
  lambda?: number;
  /** Temperature of the weights of a class's centers, above 0. Default 0.1. */
  gamma?: number;
  /** Value subtracted from the similarity with the label's class. Default 0.01. */
  margin?: number;
}

/**
 * SoftTriple loss. The similarity with a class is the mean of those with its centers, weighted by softmax(s / gamma). The
 * loss is the cross-entropy of lambda · (similarity − margin of the label's class).
 *
 * `proxies` is float32 [classes · centersPerClass, dimensions], the transpose of pytorch-metric-learning's `fc`. Defaults:
 * `CosineSimilarity`, `MeanReducer`, centers uniform within ±1 / √(classes · centersPerClass).
 * @see Qian et al., "SoftTriple Loss: Deep Metric Learning Without Triplet Sampling", ICCV 2019.
 */
export class SoftTripleLoss extends ProxyLoss {
  protected readonly title = 'SoftTripleLoss';
  readonly centersPerClass: number;
  readonly lambda: number;
  readonly gamma: number;
  readonly margin: number;

  /** @throws RangeError or TypeError if an option is out of range, or if the distance is not a similarity. */
  constructor(options: SoftTripleLossOptions) {
    const { centersPerClass = 10, lambda = 20, gamma = 0.1, margin = 0.01, ...rest } = options;
    checkCount('SoftTripleLoss: centersPerClass', centersPerClass);
    const defaults = { distance: new CosineSimilarity(), reducer: new MeanReducer() };
    super('SoftTripleLoss', { ...defaults, ...rest }, centersPerClass, (shape, seed) => {
      const bound = 1 / Math.sqrt(shape[0]);
      return tf.randomUniform(shape, -bound, bound, 'float32', seed);
    });
    if (!this.distance.isInverted) {
      throw new TypeError('SoftTripleLoss: distance must be a similarity, such as CosineSimilarity.');
    }
    this.centersPerClass = centersPerClass;
    this.lambda = checkPositive('SoftTripleLoss: lambda', lambda);
    this.gamma = checkPositive('SoftTripleLoss: gamma', gamma);
    this.margin = checkFinite('SoftTripleLoss: margin', margin);
  }

  protected override toLogits(matrix: tf.Tensor2D): tf.Tensor2D {
    const centers = tf.reshape(matrix, [-1, this.classes, this.centersPerClass]);
    return tf.sum(tf.mul(tf.softmax(tf.div(centers, this.gamma), 2), centers), 2);
  }

  protected plan({ labels, weights }: ProxyBatch): LossPlan {
    const { classes, centersPerClass, lambda, gamma, margin } = this;
    return {
      counts: [new Float64Array(labels.length).fill(1)],
      kernel: ({ matrix, rows, columns, start, parts }) => {
        const [similarity, logits, total] = [1, 2, 3].map(() => new Float64Array(classes));
        const share = new Float64Array(columns);
        const sharpness = 1 / gamma;
        const bound = boundOf(this.distance) + Math.abs(margin);
        const isSafe = sharpness * bound <= SAFE_EXPONENT;
        for (let row = 0; row < rows; row++) {
          const values = matrix.subarray(row * columns, (row + 1) * columns);
          for (let label = 0; label < classes; label++) {
            const from = label * centersPerClass;
            const to = from + centersPerClass;
            let top = 0;
            if (!isSafe) {
              top = values[from];
              for (let k = from + 1; k < to; k++) if (values[k] > top) top = values[k];
            }
            let sum = 0;
            let weighted = 0;
            for (let k = from; k < to; k++) {
              const value = values[k];
              const term = exp((value - top) * sharpness);
              share[k] = term;
              sum += term;
              weighted += term * value;
            }
            // The shares stay unnormalized until the gradient.
            total[label] = sum;
            similarity[label] = weighted / sum;
            logits[label] = similarity[label];
          }
          const own = labels[start + row];
          logits[own] -= margin;
          const weight = weights[start + row];
          const { loss, sum } = crossEntropy(logits, own, lambda, bound);
          const g = parts[0].add(loss * weight, start + row) * weight * lambda;
          logits[own] -= sum;
          for (let label = 0, k = 0; label < classes; label++) {
            const factor = (g * logits[label]) / (sum * total[label]);
            const offset = 1 - similarity[label] * sharpness;
            for (const to = k + centersPerClass; k < to; k++) {
              values[k] = factor * share[k] * (values[k] * sharpness + offset);
            }
          }
        }
      },
      block(matrix, start) {
        const rows = matrix.shape[0];
        const target = oneHotRows(labels, start, rows, classes);
        const centers = tf.reshape(matrix, [rows, classes, centersPerClass]);
        const share = tf.softmax(tf.div(centers, gamma), 2);
        const similarity = tf.sum(tf.mul(share, centers), 2);
        const logits = tf.mul(tf.sub(similarity, tf.mul(target, margin)), lambda) as tf.Tensor2D;
        const { losses, slope } = crossEntropyRows(logits, target, weights.subarray(start, start + rows));
        return {
          parts: [{ losses }],
          pullback([d]) {
            const g = tf.expandDims(tf.mul(tf.expandDims(tf.mul(d, lambda), 1), slope), 2);
            const above = tf.div(tf.sub(centers, tf.expandDims(similarity, 2)), gamma);
            return {
              matrix: tf.reshape(tf.mul(g, tf.mul(share, tf.add(above, 1))), matrix.shape) as tf.Tensor2D,
            };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const softTripleLoss = {
  create: (options) => new SoftTripleLoss(options),
  description: 'cross-entropy over classes with several centers each, weighted by similarity',
  needsClasses: true,
  settings: {
    centersPerClass: {
      type: 'number',
      default: 10,
      minimum: 1,
      integer: true,
      description: 'Number of centers of each class.',
    },
    lambda: {
      type: 'number',
      default: 20,
      exclusiveMinimum: 0,
      description: 'Factor of the logits.',
    },
    gamma: {
      type: 'number',
      default: 0.1,
      exclusiveMinimum: 0,
      description: "Temperature of the weights of a class's centers.",
    },
    margin: {
      type: 'number',
      default: 0.01,
      description: "Value subtracted from the similarity with the label's class.",
    },
  },
} satisfies ProxyLossEntry<SoftTripleLossOptions>;
