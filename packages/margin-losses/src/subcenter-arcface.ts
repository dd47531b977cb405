import * as tf from '@tensorflow/tfjs-core';
import { ArcFace, type ArcFaceOptions, EASY_MARGIN, MARGIN, MONOTONIC } from './arcface.js';
import { checkCosines } from './check.js';
import type { LabelMarginLoss, Labels, MarginTarget } from './margin-loss.js';
import type { MarginLossEntry } from './margin-loss-entry.js';

/** Options of `SubCenterArcFace`. */
export interface SubCenterArcFaceOptions extends ArcFaceOptions {
  /** Number of sub-centers of each class, an integer of at least 1. Default 3. */
  subCenters?: number;
}

/** Result of `findOutliers`. */
export interface SubCenterOutliers {
  /** For each class, its sub-center in [0, subCenters) that is nearest to most of its rows; the first of equal ones. */
  dominant: Int32Array;
  /** Rows farther than the threshold from the dominant sub-center of their class, ascending: probable label errors. */
  outliers: Int32Array;
}

/**
 * ArcFace with several sub-centers per class: the cosine with a class is the largest of those with its sub-centers. Rows with
 * wrong labels gather around sub-centers of their own; `findOutliers` finds them after training, as insightface's `drop.py`.
 *
 * The cosines are float32 [batch, classes · subCenters]; those of a class are consecutive columns. The logits are float32
 * [batch, classes]. The maximum passes its gradient to one sub-center. `PartialFC` of @unitsphere/partial-fc keeps the sub-centers of a
 * class side by side and calls `target` with the nearest one's cosine.
 * @see Deng et al., "Sub-center ArcFace: Boosting Face Recognition by Large-Scale Noisy Web Faces", ECCV 2020.
 */
export class SubCenterArcFace implements LabelMarginLoss {
  readonly subCenters: number;
  readonly #arcface: ArcFace;

  /** @throws RangeError unless subCenters is a positive integer; as `ArcFace` for the other options. */
  constructor({ subCenters = 3, ...options }: SubCenterArcFaceOptions = {}) {
    if (!(Number.isSafeInteger(subCenters) && subCenters >= 1)) {
      throw new RangeError(
        `SubCenterArcFace: subCenters must be a positive integer, but it is ${subCenters}.`,
      );
    }
    this.subCenters = subCenters;
    this.#arcface = new ArcFace(options);
  }

  /** Factor of the cosines, after the margin: a finite number above 0. Can be changed between steps. */
  get scale(): number {
    return this.#arcface.scale;
  }

  set scale(value: number) {
    this.#arcface.scale = value;
  }

  /** Angle added to the label's angle, in radians, in [0, π). Can be changed between steps. */
  get margin(): number {
    return this.#arcface.margin;
  }

  set margin(value: number) {
    this.#arcface.margin = value;
  }

  /** @param own float32 [batch]: each row's cosine with the nearest sub-center of its label. */
  target(own: tf.Tensor1D): MarginTarget {
    return this.#arcface.target(own);
  }

  /** @throws As {@link LabelMarginLoss.logits}; RangeError unless the columns are a multiple of subCenters. */
  logits(cosines: tf.Tensor2D, labels: Labels): tf.Tensor2D {
    return tf.tidy(() => this.#arcface.logits(this.#nearest(cosines), labels));
  }

  /** @throws As {@link logits}. */
  loss(cosines: tf.Tensor2D, labels: Labels): tf.Scalar {
    return tf.tidy(() => this.#arcface.loss(this.#nearest(cosines), labels));
  }

  /**
   * Finds the dominant sub-center of every class and the rows that are far from it. Drop those rows, keep the dominant
   * sub-centers alone, and continue with `ArcFace`. A class without rows gets its first sub-center.
   * @param cosines float32 [rows, classes · subCenters].
   * @param labels int32 [rows], each in [0, classes).
   * @param threshold Smallest angle of an outlier, in degrees. Default 75.
   * @throws TypeError for a wrong type; RangeError for a label out of range or a wrong number of columns.
   */
  async findOutliers(cosines: tf.Tensor2D, labels: Int32Array, threshold = 75): Promise<SubCenterOutliers> {
    const { subCenters } = this;
    const columns = this.#checkColumns(cosines);
    const classes = columns / subCenters;
    const bad = labels.findIndex((label) => label < 0 || label >= classes);
    if (labels.length !== cosines.shape[0] || bad >= 0) {
      throw new RangeError(
        `SubCenterArcFace: labels must have one class in [0, ${classes}) for each of ${cosines.shape[0]} rows` +
          (bad >= 0
            ? `, but the label of row ${bad} is ${labels[bad]}.`
            : `, but there are ${labels.length}.`),
      );
    }
    const values = await cosines.data();
    const first = (row: number) => row * columns + labels[row] * subCenters;
    const votes = new Int32Array(columns);
    labels.forEach((label, row) => {
      const own = values.subarray(first(row), first(row) + subCenters);
      votes[label * subCenters + own.indexOf(Math.max(...own))]++;
    });
    const dominant = Int32Array.from({ length: classes }, (_, label) => {
      const own = votes.subarray(label * subCenters, (label + 1) * subCenters);
      return own.indexOf(Math.max(...own));
    });
    const limit = Math.cos((threshold * Math.PI) / 180);
    const rows = [...labels.keys()].filter((row) => values[first(row) + dominant[labels[row]]] < limit);
    return { dominant, outliers: Int32Array.from(rows) };
  }

  /** Returns the largest cosine of each class, float32 [batch, classes]. */
  #nearest(cosines: tf.Tensor2D): tf.Tensor2D {
    const { subCenters } = this;
    const shape: [number, number, number] = [
      cosines.shape[0],
      this.#checkColumns(cosines) / subCenters,
      subCenters,
    ];
    const run = tf.customGrad(((c: tf.Tensor2D, save: tf.GradSaveFunc) => {
      const centers = tf.reshape(c, shape);
      save([tf.argMax(centers, 2)]);
      return {
        value: tf.max(centers, 2),
        gradFunc: (dy: tf.Tensor2D, [nearest]: tf.Tensor[]) =>
          tf.tidy(() => {
            const isNearest = tf.equal(tf.expandDims(nearest, 2), tf.range(0, subCenters, 1, 'int32'));
            return tf.reshape(tf.mul(tf.expandDims(dy, 2), tf.cast(isNearest, 'float32')), c.shape);
          }),
      };
    }) as Parameters<typeof tf.customGrad<tf.Tensor2D>>[0]);
    return run(cosines);
  }

  #checkColumns(cosines: tf.Tensor2D): number {
    checkCosines('SubCenterArcFace', cosines);
    const columns = cosines.shape[1];
    if (columns % this.subCenters !== 0) {
      throw new RangeError(
        `SubCenterArcFace: ${columns} columns of cosines are no multiple of ${this.subCenters} sub-centers; pass all sub-centers of every class.`,
      );
    }
    return columns;
  }
}

/** The registry's entry. */
export const subcenterArcface = {
  create: (options) => new SubCenterArcFace(options),
  description: "cos(angle + margin) with the nearest of the class's sub-centers",
  settings: {
    margin: MARGIN,
    easyMargin: EASY_MARGIN,
    monotonic: MONOTONIC,
    subCenters: {
      type: 'number',
      default: 3,
      minimum: 1,
      integer: true,
      description: 'Number of sub-centers of each class.',
    },
  },
} satisfies MarginLossEntry<SubCenterArcFaceOptions, SubCenterArcFace>;
