import * as tf from '@tensorflow/tfjs-core';
import { checkCosines, checkCosineValues, checkNorms, checkPositive } from './check.js';
import { type LabelColumn, labelColumn } from './label-column.js';
import type {
  LabelMarginLoss,
  Labels,
  MarginLossOptions,
  MarginNegatives,
  MarginTarget,
} from './margin-loss.js';
import type { RunningStatistics } from './running-statistics.js';

/** The function that a margin applies to the label's cosine. Its input is in [−1, 1]. */
export interface MarginCurve {
  /** Maps float32 [batch] to float32 [batch]. */
  value(cosine: tf.Tensor1D): tf.Tensor1D;
  /** Computes the derivative of `value`, finite also at ±1; absent if it is 1 everywhere. */
  slope?(cosine: tf.Tensor1D): tf.Tensor1D;
}

type Gradient = NonNullable<MarginLossOptions['gradient']>;

/** The logits before scaling, and the factors of their gradient. */
interface Columns extends LabelColumn {
  /** float32 [batch]: the label's column after the margin; the cosine in column 0 for a row without a label. */
  own: tf.Tensor1D;
  /** float32 [batch]: derivative of `own`; 1 for a row without a label. */
  slope: tf.Tensor1D;
  /** The other columns; undefined if they are the unchanged cosines. */
  negatives: MarginNegatives | undefined;
}

/** Base class of the margin losses: the label's column, the scale, the cross-entropy and their gradients. */
export abstract class MarginSoftmax implements LabelMarginLoss {
  readonly needsNorms: boolean = false;
  readonly statistics?: RunningStatistics;
  #scale: number;
  readonly #gradient: Gradient;
  readonly #checkNumerics: boolean;

  /** @throws RangeError unless scale is a finite number above 0 and gradient is a known name. */
  constructor({ scale = 64, gradient = 'exact', checkNumerics = false }: MarginLossOptions = {}) {
    this.#scale = checkPositive('scale', scale);
    if (gradient !== 'exact' && gradient !== 'pass-through') {
      throw new RangeError(`gradient must be 'exact' or 'pass-through', but it is '${gradient}'.`);
    }
    this.#gradient = gradient;
    this.#checkNumerics = checkNumerics;
  }

  /** Factor of the cosines, after the margin: a finite number above 0. Can be changed between steps. */
  get scale(): number {
    return this.#scale;
  }

  set scale(value: number) {
    this.#scale = checkPositive('scale', value);
  }

  /** The loss's name for error messages. */
  protected abstract readonly title: string;

  /** Returns the current margin function, for rows of these norms if `needsNorms`. Called inside tf.tidy. */
  protected abstract curve(norms?: tf.Tensor1D): MarginCurve;

  negatives?(cosines: tf.Tensor2D, own: tf.Tensor1D): MarginNegatives;

  logits(cosines: tf.Tensor2D, labels: Labels, norms?: tf.Tensor1D): tf.Tensor2D {
    this.#check(cosines, norms);
    const scale = this.#scale;
    const run = tf.customGrad(((c: tf.Tensor2D, save: tf.GradSaveFunc) => {
      const columns = this.#columns(c, labels, norms);
      const { places, slope, negatives } = columns;
      save(negatives ? [places, slope, negatives.slope] : [places, slope]);
      return {
        value: scaledLogits(c, columns, scale),
        gradFunc: (dy: tf.Tensor2D, [places, slope, slopes]: tf.Tensor[]) =>
          tf.tidy(() => {
            const scaled = tf.mul(dy, scale);
            const others = slopes ? tf.mul(scaled, slopes) : scaled;
            return tf.tensorScatterUpdate(others, places, tf.mul(tf.gatherND(scaled, places), slope));
          }),
      };
    }) as Parameters<typeof tf.customGrad<tf.Tensor2D>>[0]);
    return run(cosines);
  }

  loss(cosines: tf.Tensor2D, labels: Labels, norms?: tf.Tensor1D): tf.Scalar {
    this.#check(cosines, norms);
    const scale = this.#scale;
    const rows = cosines.shape[0];
    const run = tf.customGrad(((c: tf.Tensor2D, save: tf.GradSaveFunc) => {
      const columns = this.#columns(c, labels, norms);
      const { places, present, slope, negatives } = columns;
      const logits = scaledLogits(c, columns, scale);
      const probabilities = tf.softmax(logits);
      // The largest probability is 1 / sum of exp(logit - largest logit), so the sum needs no other [B,C] tensor.
      const logSumExp = tf.sub(tf.max(logits, 1), tf.log(tf.max(probabilities, 1)));
      const rowLoss = tf.where(present, tf.sub(logSumExp, tf.gatherND(logits, places)), tf.zerosLike(slope));
      logits.dispose();
      const kept = [probabilities, places, present, slope];
      save(negatives ? [...kept, negatives.slope] : kept);
      return {
        value: tf.mul(tf.sum(rowLoss), 1 / rows) as tf.Scalar,
        gradFunc: (dy: tf.Scalar, [probabilities, places, present, slope, slopes]: tf.Tensor[]) =>
          tf.tidy(() => {
            const factor = tf.mul(dy, scale / rows);
            const p = tf.gatherND(probabilities, places);
            const ofLabel = tf.mul(tf.mul(tf.sub(p, tf.cast(present, 'float32')), slope), factor);
            const scaled = tf.mul(probabilities, factor);
            const others = slopes ? tf.mul(scaled, slopes) : scaled;
            return tf.tensorScatterUpdate(others, places, ofLabel);
          }),
      };
    }) as Parameters<typeof tf.customGrad<tf.Scalar>>[0]);
    return run(cosines);
  }

  target(own: tf.Tensor1D, norms?: tf.Tensor1D): MarginTarget {
    if (own.rank !== 1 || own.dtype !== 'float32') {
      throw new TypeError(
        `${this.title}: own must be float32 [batch], but it is ${own.dtype} of shape [${own.shape}].`,
      );
    }
    if (this.needsNorms) checkNorms(this.title, norms, own.size);
    return tf.tidy(() => {
      const curve = this.curve(norms);
      return { value: curve.value(clamp(own)), slope: curveSlope(own, curve, this.#gradient) };
    });
  }

  #check(cosines: tf.Tensor2D, norms: tf.Tensor1D | undefined): void {
    checkCosines(this.title, cosines);
    if (this.needsNorms) checkNorms(this.title, norms, cosines.shape[0]);
    if (this.#checkNumerics) checkCosineValues(this.title, cosines);
  }

  /** Transforms the cosines, after updating the statistics with the batch. */
  #columns(cosines: tf.Tensor2D, labels: Labels, norms: tf.Tensor1D | undefined): Columns {
    const [rows, classes] = cosines.shape;
    const { places, present } = labelColumn(this.title, labels, rows, classes);
    const own = tf.gatherND(cosines, places) as tf.Tensor1D;
    if (this.statistics?.training) this.statistics.observe({ own, present, norms });
    const curve = this.curve(norms);
    return {
      places,
      present,
      own: tf.where(present, curve.value(clamp(own)), own),
      slope: tf.where(present, curveSlope(own, curve, this.#gradient), tf.onesLike(own)),
      negatives: presentOnly(this.negatives?.(cosines, own), cosines, present),
    };
  }
}

/** Restores the cosines of rows without a label: they have no label cosine to compare the others with. */
function presentOnly(
  negatives: MarginNegatives | undefined,
  cosines: tf.Tensor2D,
  present: tf.Tensor1D,
): MarginNegatives | undefined {
  if (!negatives) return undefined;
  const rows = tf.reshape(present, [-1, 1]);
  return {
    value: tf.where(rows, negatives.value, cosines),
    slope: tf.where(rows, negatives.slope, tf.onesLike(cosines)),
  };
}

/** Computes scale · cosines, with the margin in the label's column. */
function scaledLogits(cosines: tf.Tensor2D, { places, own, negatives }: Columns, scale: number): tf.Tensor2D {
  const scaled = tf.mul(negatives ? negatives.value : cosines, scale);
  const logits = tf.tensorScatterUpdate(scaled, places, tf.mul(own, scale)) as tf.Tensor2D;
  scaled.dispose();
  return logits;
}

/** Computes d margin / d cosine: 0 beyond ±1, where the cosine is clamped. */
function curveSlope(own: tf.Tensor1D, curve: MarginCurve, gradient: Gradient): tf.Tensor1D {
  const slope = gradient === 'exact' && curve.slope ? curve.slope(clamp(own)) : tf.onesLike(own);
  return tf.where(tf.lessEqual(tf.abs(own), 1), slope, tf.zerosLike(own));
}

function clamp(cosine: tf.Tensor1D): tf.Tensor1D {
  return tf.clipByValue(cosine, -1, 1);
}
