import * as tf from '@tensorflow/tfjs-core';
import { sine } from './angular-margin.js';
import { checkNorms, checkNumber } from './check.js';
import type { MarginLossOptions } from './margin-loss.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';
import { RunningAverages, type RunningStatistics } from './running-statistics.js';

/** How an AdaFace is made. */
export interface AdaFaceOptions extends MarginLossOptions {
  /** The margin m, in [0, π/2). Default 0.4. */
  margin?: number;
  /** h: how far a standard deviation of the norms moves the margin, in [0, 10). Default 0.333. */
  h?: number;
  /** How far one batch moves the running mean and deviation of the norms, in [0, 1]. Default 0.01. */
  tAlpha?: number;
}

/** The published code's ε: of the cosine's and the angle's ends, and of what is divided by. */
const EPSILON = 1e-3;
const [SMALLEST_NORM, LARGEST_NORM] = [1e-3, 100];

/**
 * AdaFace: the margin is the sample's own, by the length of its embedding, which stands for the image's quality. With
 * z = clip(h · (norm − batch_mean) / (batch_std + ε), −1, 1) the label's logit is
 * scale · (cos(angle − m · z) − m − m · z), the others' scale · cosine.
 *
 * Every call takes `norms`, float32 [batch]: `tf.norm(embeddings, 2, 1)`. They are clipped to [0.001, 100], and no gradient
 * goes to them. `statistics` has `batch_mean` and `batch_std`, of all rows, as the published module's buffers; they begin
 * at 20 and 100. The deviation is that of n − 1; one row has none, and leaves it as it is, where PyTorch's is NaN from
 * then on.
 *
 * As published, the label's cosine is clamped to ±(1 − ε) and the moved angle to [ε, π − ε], ε = 0.001, without a gradient
 * beyond. The published code clamps the other columns, too; here they are taken as they come. Over PartialFC each row's
 * margin goes into the fused operation.
 * @see Kim et al., "AdaFace: Quality Adaptive Margin for Face Recognition", CVPR 2022; its `head.py`.
 */
export class AdaFace extends MarginSoftmax {
  protected readonly title = 'AdaFace';
  override readonly needsNorms = true;
  override readonly statistics: RunningStatistics;
  readonly #h: number;
  #margin: number;

  /** @throws RangeError where an option is out of range. */
  constructor({ margin = 0.4, h = 0.333, tAlpha = 0.01, ...options }: AdaFaceOptions = {}) {
    super(options);
    this.#margin = checkMargin(margin);
    this.#h = checkNumber('AdaFace: h', h, 0, 10);
    if (!(tAlpha >= 0 && tAlpha <= 1)) {
      throw new RangeError(`AdaFace: tAlpha must be in [0, 1], but it is ${tAlpha}.`);
    }
    this.statistics = new RunningAverages({
      title: 'AdaFace',
      first: { batch_mean: 20, batch_std: 100 },
      rate: tAlpha,
      ofBatch({ norms }) {
        checkNorms('AdaFace', norms, norms?.size ?? 0);
        return { batch_mean: tf.mean(safe(norms!)), batch_std: deviation(safe(norms!)) };
      },
    });
  }

  /** The margin m. May be set between steps, in [0, π/2). */
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
    const distance = tf.div(tf.sub(safe(norms), mean), tf.add(std, EPSILON));
    const moved = tf.mul(tf.clipByValue(tf.mul(distance, this.#h), -1, 1), margin);
    // angle − moved, by the addition theorem; where it leaves [ε, π − ε], told by the cosine.
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

function safe(norms: tf.Tensor1D): tf.Tensor1D {
  return tf.clipByValue(norms, SMALLEST_NORM, LARGEST_NORM);
}

/** The standard deviation of a sample; undefined of one value. */
function deviation(x: tf.Tensor1D): tf.Tensor | undefined {
  if (x.size < 2) return undefined;
  return tf.sqrt(tf.div(tf.sum(tf.square(tf.sub(x, tf.mean(x)))), x.size - 1));
}

function checkMargin(margin: number): number {
  return checkNumber('AdaFace: margin', margin, 0, Math.PI / 2);
}
