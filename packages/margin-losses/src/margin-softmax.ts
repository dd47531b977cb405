import * as tf from '@tensorflow/tfjs-core';
import { checkCosines, checkCosineValues, checkPositive } from './check.js';
import { labelColumn } from './label-column.js';
import type { LabelMarginLoss, Labels, MarginLossOptions, MarginTarget } from './margin-loss.js';

/** What a margin does to the label's cosine. Its input is in [−1, 1]. */
export interface MarginCurve {
  /** float32 [batch] to float32 [batch]. */
  value(cosine: tf.Tensor1D): tf.Tensor1D;
  /** The derivative of value, finite also at ±1; undefined where it is 1 everywhere. */
  slope?(cosine: tf.Tensor1D): tf.Tensor1D;
}

type Gradient = NonNullable<MarginLossOptions['gradient']>;

/** The part that all margin losses share: the label column, the scale, the cross-entropy and their gradients. */
export abstract class MarginSoftmax implements LabelMarginLoss {
  #scale: number;
  readonly #gradient: Gradient;
  readonly #checkNumerics: boolean;

  /** @throws RangeError unless scale is a finite number above 0, or where gradient is no known name. */
  constructor({ scale = 64, gradient = 'exact', checkNumerics = false }: MarginLossOptions = {}) {
    this.#scale = checkPositive('scale', scale);
    if (gradient !== 'exact' && gradient !== 'pass-through') {
      throw new RangeError(`gradient must be 'exact' or 'pass-through', but it is '${gradient}'.`);
    }
    this.#gradient = gradient;
    this.#checkNumerics = checkNumerics;
  }

  /** What the cosines are multiplied by after the margin. May be set between steps: a finite number above 0. */
  get scale(): number {
    return this.#scale;
  }

  set scale(value: number) {
    this.#scale = checkPositive('scale', value);
  }

  /** The loss's name in messages. */
  protected abstract readonly title: string;

  /** The margin as it is now; later changes of the margin do not reach it. */
  protected abstract curve(): MarginCurve;

  logits(cosines: tf.Tensor2D, labels: Labels): tf.Tensor2D {
    const { scale, curve, gradient } = this.#start(cosines);
    const run = tf.customGrad(((c: tf.Tensor2D, save: tf.GradSaveFunc) => {
      const { places, present } = labelColumn(this.title, labels, c.shape[0], c.shape[1]);
      const own = tf.gatherND(c, places) as tf.Tensor1D;
      save([own, places, present]);
      return {
        value: marginLogits(c, own, places, present, curve, scale),
        gradFunc: (dy: tf.Tensor2D, [own, places, present]: tf.Tensor[]) =>
          tf.tidy(() => {
            const scaled = tf.mul(dy, scale);
            const slope = labelSlope(own as tf.Tensor1D, present, curve, gradient);
            return tf.tensorScatterUpdate(scaled, places, tf.mul(tf.gatherND(scaled, places), slope));
          }),
      };
    }) as Parameters<typeof tf.customGrad<tf.Tensor2D>>[0]);
    return run(cosines);
  }

  loss(cosines: tf.Tensor2D, labels: Labels): tf.Scalar {
    const { scale, curve, gradient } = this.#start(cosines);
    const rows = cosines.shape[0];
    const run = tf.customGrad(((c: tf.Tensor2D, save: tf.GradSaveFunc) => {
      const { places, present } = labelColumn(this.title, labels, rows, c.shape[1]);
      const own = tf.gatherND(c, places) as tf.Tensor1D;
      const logits = marginLogits(c, own, places, present, curve, scale);
      const probabilities = tf.softmax(logits);
      // The largest probability is 1 / sum of exp(logit - largest logit): the sum comes without another [B,C] tensor.
      const logSumExp = tf.sub(tf.max(logits, 1), tf.log(tf.max(probabilities, 1)));
      const rowLoss = tf.where(present, tf.sub(logSumExp, tf.gatherND(logits, places)), tf.zerosLike(own));
      logits.dispose();
      save([probabilities, own, places, present]);
      return {
        value: tf.mul(tf.sum(rowLoss), 1 / rows) as tf.Scalar,
        gradFunc: (dy: tf.Scalar, [probabilities, own, places, present]: tf.Tensor[]) =>
          tf.tidy(() => {
            const factor = tf.mul(dy, scale / rows);
            const p = tf.gatherND(probabilities, places);
            const slope = labelSlope(own as tf.Tensor1D, present, curve, gradient);
            const ofLabel = tf.mul(tf.mul(tf.sub(p, tf.cast(present, 'float32')), slope), factor);
            return tf.tensorScatterUpdate(tf.mul(probabilities, factor), places, ofLabel);
          }),
      };
    }) as Parameters<typeof tf.customGrad<tf.Scalar>>[0]);
    return run(cosines);
  }

  target(own: tf.Tensor1D): MarginTarget {
    if (own.rank !== 1 || own.dtype !== 'float32') {
      throw new TypeError(
        `${this.title}: own must be float32 [batch], but it is ${own.dtype} of shape [${own.shape}].`,
      );
    }
    const curve = this.curve();
    return tf.tidy(() => ({
      value: curve.value(clamp(own)),
      slope: curveSlope(own, curve, this.#gradient),
    }));
  }

  #start(cosines: tf.Tensor2D): { scale: number; curve: MarginCurve; gradient: Gradient } {
    checkCosines(this.title, cosines);
    if (this.#checkNumerics) checkCosineValues(this.title, cosines);
    return { scale: this.#scale, curve: this.curve(), gradient: this.#gradient };
  }
}

/** scale · cosines, with the margin in the label column. */
function marginLogits(
  cosines: tf.Tensor2D,
  own: tf.Tensor1D,
  places: tf.Tensor,
  present: tf.Tensor,
  curve: MarginCurve,
  scale: number,
): tf.Tensor2D {
  const moved = tf.where(present, curve.value(clamp(own)), own);
  const scaled = tf.mul(cosines, scale);
  const logits = tf.tensorScatterUpdate(scaled, places, tf.mul(moved, scale)) as tf.Tensor2D;
  scaled.dispose();
  return logits;
}

/** d margin / d cosine in the label column, and 1 where no label is. */
function labelSlope(
  own: tf.Tensor1D,
  present: tf.Tensor,
  curve: MarginCurve,
  gradient: Gradient,
): tf.Tensor1D {
  return tf.where(present, curveSlope(own, curve, gradient), tf.onesLike(own));
}

/** d margin / d cosine: 0 beyond ±1, where the cosine is clamped. */
function curveSlope(own: tf.Tensor1D, curve: MarginCurve, gradient: Gradient): tf.Tensor1D {
  const slope = gradient === 'exact' && curve.slope ? curve.slope(clamp(own)) : tf.onesLike(own);
  return tf.where(tf.lessEqual(tf.abs(own), 1), slope, tf.zerosLike(own));
}

function clamp(cosine: tf.Tensor1D): tf.Tensor1D {
  return tf.clipByValue(cosine, -1, 1);
}
