import * as tf from '@tensorflow/tfjs-core';
import { additiveAngularMargin, monotonicAngularMargin } from './angular-margin.js';
import { checkNumber } from './check.js';
import type { MarginLossOptions, MarginNegatives } from './margin-loss.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';
import { RunningAverages, type RunningStatistics } from './running-statistics.js';

/** How a CurricularFace is made. */
export interface CurricularFaceOptions extends MarginLossOptions {
  /** What is added to the label's angle, in radians, in [0, π). Default 0.5. */
  margin?: number;
  /** How far one batch moves t, in [0, 1]. Default 0.01. */
  momentum?: number;
}

/**
 * CurricularFace: the label's logit is ArcFace's, in its monotonic form; another class whose cosine is above
 * cos(angle + margin) is hard, and its logit scale · cosine · (t + cosine), that of the rest scale · cosine. t follows the
 * labels' cosines: as they rise, the hard classes weigh more.
 *
 * `statistics` has `t`, the published module's buffer, which begins at 0; rows without a label do not count. Which classes
 * are hard has no gradient, nor has t. `gradient` is about the label's column alone.
 *
 * It moves every column, so over PartialFC it has no fused operation: that computes the cosines as a matrix.
 * @see Huang et al., "CurricularFace: Adaptive Curriculum Learning Loss for Deep Face Recognition", CVPR 2020; its
 *   `head/metrics.py`.
 */
export class CurricularFace extends MarginSoftmax {
  protected readonly title = 'CurricularFace';
  override readonly statistics: RunningStatistics;
  #margin: number;

  /** @throws RangeError where an option is out of range. */
  constructor({ margin = 0.5, momentum = 0.01, ...options }: CurricularFaceOptions = {}) {
    super(options);
    this.#margin = checkMargin(margin);
    if (!(momentum >= 0 && momentum <= 1)) {
      throw new RangeError(`CurricularFace: momentum must be in [0, 1], but it is ${momentum}.`);
    }
    this.statistics = new RunningAverages({
      title: 'CurricularFace',
      first: { t: 0 },
      rate: momentum,
      ofBatch({ own, present }, now) {
        if (!own) throw new TypeError("CurricularFace: give the cosines with the labels' centers as own.");
        const cosines = tf.clipByValue(own, -1, 1);
        if (!present) return { t: tf.mean(cosines) };
        const count = tf.sum(tf.cast(present, 'float32'));
        const sum = tf.sum(tf.where(present, cosines, 0));
        return { t: tf.where(tf.greater(count, 0), tf.div(sum, tf.maximum(count, 1)), now('t')) };
      },
    });
  }

  /** What is added to the label's angle, in radians. May be set between steps, in [0, π). */
  get margin(): number {
    return this.#margin;
  }

  set margin(value: number) {
    this.#margin = checkMargin(value);
  }

  protected curve(): MarginCurve {
    return monotonicAngularMargin(this.#margin);
  }

  override negatives(cosines: tf.Tensor2D, own: tf.Tensor1D): MarginNegatives {
    return tf.tidy(() => {
      const moved = additiveAngularMargin(this.#margin).value(tf.clipByValue(own, -1, 1));
      const hard = tf.greater(cosines, tf.reshape(moved, [-1, 1]));
      const weight = tf.add(cosines, this.statistics.value('t'));
      return {
        value: tf.where(hard, tf.mul(cosines, weight), cosines) as tf.Tensor2D,
        slope: tf.where(hard, tf.add(weight, cosines), 1) as tf.Tensor2D,
      };
    });
  }
}

function checkMargin(margin: number): number {
  return checkNumber('CurricularFace: margin', margin, 0, Math.PI);
}
