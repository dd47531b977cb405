import * as tf from '@tensorflow/tfjs-core';
import { additiveAngularMargin, monotonicAngularMargin } from './angular-margin.js';
import { checkFraction, checkNumber } from './check.js';
import type { MarginLossOptions, MarginNegatives } from './margin-loss.js';
import type { MarginLossEntry } from './margin-loss-entry.js';
import { type MarginCurve, MarginSoftmax } from './margin-softmax.js';
import { RunningAverages, type RunningStatistics } from './running-statistics.js';

/** Options of `CurricularFace`. */
export interface CurricularFaceOptions extends MarginLossOptions {
  /** Angle added to the label's angle, in radians, in [0, π). Default 0.5. */
  margin?: number;
  /** Weight of the newest batch in the running mean t, in [0, 1]. Default 0.01. */
  momentum?: number;
}

/**
 * CurricularFace: the label's logit is that of ArcFace in its monotonic form. Another class is hard if its cosine is
 * above cos(angle + margin); its logit is then scale · cosine · (t + cosine). All remaining logits are scale · cosine. t
 * is a running mean of the labels' cosines: as they rise, hard classes weigh more.
 *
 * `statistics` holds `t`, the published module's buffer, which starts at 0. Rows without a label do not count. No
 * gradient flows through t or through the choice of hard classes. `gradient` affects only the label's column.
 *
 * The loss changes every column, so PartialFC has no fused operation for it and computes the cosines as a matrix.
 * @see Huang et al., "CurricularFace: Adaptive Curriculum Learning Loss for Deep Face Recognition", CVPR 2020; its
 *   `head/metrics.py`.
 */
export class CurricularFace extends MarginSoftmax {
  protected readonly title = 'CurricularFace';
  override readonly statistics: RunningStatistics;
  #margin: number;

  /** @throws RangeError if an option is out of range. */
  constructor({ margin = 0.5, momentum = 0.01, ...options }: CurricularFaceOptions = {}) {
    super(options);
    this.#margin = checkMargin(margin);
    this.statistics = new RunningAverages({
      title: 'CurricularFace',
      first: { t: 0 },
      rate: checkFraction('CurricularFace: momentum', momentum),
      ofBatch({ own, present }, now) {
        if (!own) {
          throw new TypeError(
            "CurricularFace: pass the cosines with the labels' centers as `own`, float32 [batch].",
          );
        }
        const cosines = tf.clipByValue(own, -1, 1);
        if (!present) return { t: tf.mean(cosines) };
        const count = tf.sum(tf.cast(present, 'float32'));
        const sum = tf.sum(tf.where(present, cosines, 0));
        return { t: tf.where(tf.greater(count, 0), tf.div(sum, tf.maximum(count, 1)), now('t')) };
      },
    });
  }

  /** Angle added to the label's angle, in radians, in [0, π). Can be changed between steps. */
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

/** The registry's entry. */
export const curricularface = {
  create: (options) => new CurricularFace(options),
  description: 'cos(angle + margin), with more weight on hard classes as training proceeds',
  settings: {
    margin: {
      type: 'number',
      default: 0.5,
      minimum: 0,
      exclusiveMaximum: Math.PI,
      description: "Angle added to the label's angle, in radians.",
    },
    momentum: {
      type: 'number',
      default: 0.01,
      minimum: 0,
      maximum: 1,
      description: "Weight of the newest batch in t, the running mean of the labels' cosines.",
    },
  },
  hasStatistics: true,
} satisfies MarginLossEntry<CurricularFaceOptions, CurricularFace>;

function checkMargin(margin: number): number {
  return checkNumber('CurricularFace: margin', margin, 0, Math.PI);
}
