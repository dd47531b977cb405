import * as tf from '@tensorflow/tfjs-core';
import { sine } from './angular-margin.js';
import { checkFraction, checkNorms, checkNumber } from './check.js';
import type { MarginLossOptions } from './margin-loss.js';
import type { MarginLossEntry } from './margin-loss-entry.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';
import { RunningAverages, type RunningStatistics } from './running-statistics.js';

/** Options of `AdaFace`. */
export interface AdaFaceOptions extends MarginLossOptions {
  /** Margin m, in [0, π/2). Default 0.4. */
  margin?: number;
  /** Factor h: how strongly a norm's distance from the mean changes the margin, in [0, 10). Default 0.333. */
  h?: number;
  /** Weight of the newest batch in the running mean and deviation of the norms, in [0, 1]. Default 0.01. */
  tAlpha?: number;
}

// A constant, because bundlers do not drop an entry that computes a value.
const MARGIN_LIMIT = Math.PI / 2;
/** The published code's ε: distance of the cosine and of the angle from their limits, and minimum divisor. */
const EPSILON = 1e-3;
const [SMALLEST_NORM, LARGEST_NORM] = [1e-3, 100];

/**
 * AdaFace: each sample has its own margin. It depends on the norm of the sample's embedding, an indicator of image
 * quality. With z = clip(h · (norm − batch_mean) / (batch_std + ε), −1, 1) the label's logit is
 * scale · (cos(angle − m · z) − m − m · z), the others' scale · cosine.
 *
 * Every call requires `norms`, float32 [batch]: `tf.norm(embeddings, 2, 1)`. They are clipped to [0.001, 100] and receive
 * no gradient. `statistics` holds `batch_mean` and `batch_std` over all rows, the published module's buffers, which start
 * at 20 and 100. The deviation divides by n − 1. A batch of one row leaves it unchanged, where PyTorch's becomes NaN for
 * good.
 *
 * As published, the label's cosine is clamped to ±(1 − ε) and the moved angle to [ε, π − ε], ε = 0.001; the gradient is 0
 * where they are clamped. The published code clamps the other columns too; this implementation does not. PartialFC passes
 * each row's margin to its fused operation.
 * @see Kim et al., "AdaFace: Quality Adaptive Margin for Face Recognition", CVPR 2022; its `head.py`.
 */
export class AdaFace extends MarginSoftmax {
  protected readonly title = 'AdaFace';
  override readonly needsNorms = true;
  override readonly statistics: RunningStatistics;
  readonly #h: number;
  #margin: number;

  /** @throws RangeError if an option is out of range. */
  constructor({ margin = 0.4, h = 0.333, tAlpha = 0.01, ...options }: AdaFaceOptions = {}) {
    super(options);
    this.#margin = checkMargin(margin);
    this.#h = checkNumber('AdaFace: h', h, 0, 10);
    this.statistics = new RunningAverages({
      title: 'AdaFace',
      first: { batch_mean: 20, batch_std: 100 },
      rate: checkFraction('AdaFace: tAlpha', tAlpha),
      ofBatch({ norms }) {
        checkNorms('AdaFace', norms, norms?.size ?? 0);
        return { batch_mean: tf.mean(clipNorms(norms)), batch_std: deviation(clipNorms(norms)) };
      },
    });
  }

  /** Margin m, in [0, π/2). Can be changed between steps. */
  get margin(): number {
    return this.#margin;
  }

  set margin(value: number) {
    this.#margin = checkMargin(value);
  }

  protected curve(norms: tf.Tensor1D): MarginCurve {
    const margin = this.#margin;
    const mean = this.statistics.value('batch_mean');
    const std = this.statistics.value('batch_std');
    const distance = tf.div(tf.sub(clipNorms(norms), mean), tf.add(std, EPSILON));
    const moved = tf.mul(tf.clipByValue(tf.mul(distance, this.#h), -1, 1), margin);
    // angle − moved by the addition theorem; the cosine tells where it leaves [ε, π − ε].
    const [cos, sin] = [tf.cos(moved), tf.sin(moved)];
    const tooSmall = (c: tf.Tensor1D) => tf.greaterEqual(c, tf.cos(tf.maximum(tf.add(moved, EPSILON), 0)));
    const tooLarge = (c: tf.Tensor1D) =>
      tf.lessEqual(c, tf.neg(tf.cos(tf.maximum(tf.sub(EPSILON, moved), 0))));
    const inside = (c: tf.Tensor1D) => tf.clipByValue(c, EPSILON - 1, 1 - EPSILON);
    const end = Math.cos(EPSILON);
    return {
      value(own) {
        const c = inside(own);
        const turned = tf.add(tf.mul(c, cos), tf.mul(sine(c), sin));
        const kept = tf.where(tooSmall(c), end, tf.where(tooLarge(c), -end, turned));
        return tf.sub(kept, tf.add(moved, margin)) as tf.Tensor1D;
      },
      slope(own) {
        const c = inside(own);
        const slope = tf.sub(cos, tf.div(tf.mul(c, sin), sine(c)));
        const clamped = tf.logicalOr(tooSmall(c), tooLarge(c));
        const flat = tf.logicalOr(clamped, tf.greater(tf.abs(own), 1 - EPSILON));
        return tf.where(flat, 0, slope) as tf.Tensor1D;
      },
    };
  }
}

/** The registry's entry. */
export const adaface = {
  create: (options) => new AdaFace(options),
  description: "cos(angle − m·z) − m − m·z, where z is the standardized norm of the sample's embedding",
  settings: {
    margin: {
      type: 'number',
      default: 0.4,
      minimum: 0,
      exclusiveMaximum: MARGIN_LIMIT,
      description: 'Margin m, in radians.',
    },
    h: {
      type: 'number',
      default: 0.333,
      minimum: 0,
      exclusiveMaximum: 10,
      description: "Strength with which an embedding's norm changes its margin.",
    },
    tAlpha: {
      type: 'number',
      default: 0.01,
      minimum: 0,
      maximum: 1,
      description: 'Weight of the newest batch in the running mean and deviation of the norms.',
    },
  },
  needsNorms: true,
  hasStatistics: true,
} satisfies MarginLossEntry<AdaFaceOptions, AdaFace>;

function clipNorms(norms: tf.Tensor1D): tf.Tensor1D {
  return tf.clipByValue(norms, SMALLEST_NORM, LARGEST_NORM);
}

/** Returns the sample standard deviation, or undefined for a single value. */
function deviation(x: tf.Tensor1D): tf.Tensor | undefined {
  if (x.size < 2) return undefined;
  return tf.sqrt(tf.div(tf.sum(tf.square(tf.sub(x, tf.mean(x)))), x.size - 1));
}

function checkMargin(margin: number): number {
  return checkNumber('AdaFace: margin', margin, 0, MARGIN_LIMIT);
}
