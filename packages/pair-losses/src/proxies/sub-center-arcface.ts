import * as tf from '@tensorflow/tfjs-core';
import { checkCount, checkEmbeddings, checkPositive, checkSameWidth } from '../check.js';
import { CosineSimilarity } from '../distances/cosine.js';
import { crossEntropy } from '../host/cross-entropy.js';
import { keepLargest } from '../host/keep-largest.js';
import { scaleRow } from '../host/scale-row.js';
import { checkLabelRange, type Labels, readLabels } from '../labels.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { MeanReducer } from '../reducers/mean.js';
import type { ProxyLossEntry } from '../registry/loss-entry.js';
import {
  crossEntropyRows,
  drawNormal,
  oneHotRows,
  type ProxyBatch,
  ProxyLoss,
  type ProxyLossOptions,
} from './proxy-loss.js';

/** Options of `SubCenterArcFaceLoss`. The distance is always the cosine. */
export interface SubCenterArcFaceLossOptions extends Omit<ProxyLossOptions, 'distance'> {
  /** Number of sub-centers of each class, at least 1. Default 3. */
  subCenters?: number;
  /** Margin added to the label's angle, in degrees, in [0, 180). Default 28.6. */
  margin?: number;
  /** Factor of the cosines, above 0. Default 64. */
  scale?: number;
}

/** Cosines exceed 1 by rounding. */
const COSINE_BOUND = 1.001;

/** Result of `findOutliers`. */
export interface SubCenterOutliers {
  /** Rows farther than the threshold from their class's dominant sub-center, by class and row. */
  outliers: Int32Array;
  /** float32 [classes, dimensions]: the sub-center that is closest to most rows of its class. The caller disposes it. */
  dominantCenters: tf.Tensor2D;
}

/**
 * ArcFace with several sub-centers per class: the cosine with a class is the largest of those with its sub-centers. The
 * label's logit is scale · cos(angle + margin), or scale · (cosine − margin · sin(margin)) if angle + margin exceeds 180°.
 * The loss is the cross-entropy.
 *
 * `proxies` is float32 [classes · subCenters, dimensions], the transpose of pytorch-metric-learning's `W`. Defaults:
 * `MeanReducer`, normally distributed sub-centers.
 * @see Deng et al., "Sub-center ArcFace: Boosting Face Recognition by Large-Scale Noisy Web Faces", ECCV 2020.
 */
export class SubCenterArcFaceLoss extends ProxyLoss {
  protected readonly title = 'SubCenterArcFaceLoss';
  readonly subCenters: number;
  readonly margin: number;
  readonly scale: number;

  /** @throws RangeError or TypeError if an option is out of range. */
  constructor({ subCenters = 3, margin = 28.6, scale = 64, ...options }: SubCenterArcFaceLossOptions) {
    checkCount('SubCenterArcFaceLoss: subCenters', subCenters);
    super(
      'SubCenterArcFaceLoss',
      { reducer: new MeanReducer(), ...options, distance: new CosineSimilarity() },
      subCenters,
      drawNormal(1),
    );
    if (!(margin >= 0 && margin < 180)) {
      throw new RangeError(`SubCenterArcFaceLoss: margin must be in [0, 180) degrees, but it is ${margin}.`);
    }
    this.subCenters = subCenters;
    this.margin = margin;
    this.scale = checkPositive('SubCenterArcFaceLoss: scale', scale);
  }

  /**
   * Finds the dominant sub-center of every class, and rows that are far from it: probable label errors. A class without
   * rows gets its first sub-center.
   * @param embeddings float32 [rows, dimensions].
   * @param labels int32 [rows], each in [0, classes).
   * @param threshold Smallest angle of an outlier, in degrees. Default 75.
   * @throws As {@link loss}.
   */
  async findOutliers(embeddings: tf.Tensor2D, labels: Labels, threshold = 75): Promise<SubCenterOutliers> {
    const { title, subCenters, classes } = this;
    checkEmbeddings(title, 'embeddings', embeddings);
    checkSameWidth(title, embeddings, 'a proxy', this.proxies);
    const own = readLabels(title, 'labels', labels, embeddings.shape[0]);
    checkLabelRange(title, own, classes);
    const matrix = tf.tidy(() => {
      const [query, reference] = [embeddings, this.proxies].map((x) => this.distance.prepare(x).value);
      return this.distance.matrix(query, reference).value;
    });
    const cosines = await matrix.data();
    matrix.dispose();
    const columns = classes * subCenters;
    const at = (row: number, center: number) => cosines[row * columns + own[row] * subCenters + center];
    const votes = new Int32Array(columns);
    own.forEach((label, row) => {
      let nearest = 0;
      for (let center = 1; center < subCenters; center++)
        if (at(row, center) > at(row, nearest)) nearest = center;
      votes[label * subCenters + nearest]++;
    });
    const dominant = Int32Array.from({ length: classes }, (_, label) => {
      const own = votes.subarray(label * subCenters, (label + 1) * subCenters);
      return own.indexOf(Math.max(...own));
    });
    const limit = Math.cos((threshold * Math.PI) / 180);
    const outliers = [...own.keys()]
      .filter((row) => at(row, dominant[own[row]]) < limit)
      .sort((a, b) => own[a] - own[b] || a - b);
    return {
      outliers: Int32Array.from(outliers),
      dominantCenters: tf.tidy(() =>
        tf.gather(
          this.proxies,
          tf.tensor1d(
            dominant.map((center, label) => label * subCenters + center),
            'int32',
          ),
        ),
      ),
    };
  }

  /**
   * Returns a new loss with one sub-center per class, the dominant one, to continue training without the outliers. The
   * caller disposes both losses.
   * @param dominantCenters float32 [classes, dimensions], from {@link findOutliers}.
   * @throws TypeError if the centers have another shape or dtype.
   */
  prune(dominantCenters: tf.Tensor2D): SubCenterArcFaceLoss {
    const { classes, margin, scale, reducer } = this;
    const dimensions = this.proxies.shape[1];
    return new SubCenterArcFaceLoss({
      classes,
      dimensions,
      margin,
      scale,
      reducer,
      subCenters: 1,
      proxies: dominantCenters,
    });
  }

  protected override toLogits(matrix: tf.Tensor2D): tf.Tensor2D {
    const nearest = tf.max(tf.reshape(matrix, [-1, this.classes, this.subCenters]), 2);
    return tf.mul(nearest, this.scale) as tf.Tensor2D;
  }

  protected plan({ labels, weights }: ProxyBatch): LossPlan {
    const { classes, subCenters, scale } = this;
    const margin = (this.margin * Math.PI) / 180;
    return {
      counts: [new Float64Array(labels.length).fill(1)],
      kernel: ({ matrix, rows, columns, start, parts }) => {
        for (let row = 0; row < rows; row++) {
          const values = matrix.subarray(row * columns, (row + 1) * columns);
          // The first one of equal cosines.
          let own = labels[start + row] * subCenters;
          for (let k = own + 1, to = own + subCenters; k < to; k++) if (values[k] > values[own]) own = k;
          const cosine = Math.min(Math.max(values[own], -1), 1);
          const sine = Math.sqrt(Math.max(1 - cosine * cosine, 1e-12));
          const isPast = cosine < Math.cos(Math.PI - margin);
          const moved = isPast
            ? cosine - margin * Math.sin(margin)
            : cosine * Math.cos(margin) - sine * Math.sin(margin);
          const slope = isPast ? 1 : Math.cos(margin) + (cosine / sine) * Math.sin(margin);
          keepLargest(values, subCenters);
          values[own] = moved;
          const weight = weights[start + row];
          const { loss, sum } = crossEntropy(values, own, scale, COSINE_BOUND + margin);
          const g = parts[0].add(loss * weight, start + row) * weight * scale;
          scaleRow(values, g / sum);
          values[own] = (values[own] - g) * slope;
        }
      },
      block(matrix, start) {
        const rows = matrix.shape[0];
        const target = oneHotRows(labels, start, rows, classes);
        const centers = tf.reshape(matrix, [rows, classes, subCenters]);
        const cosines = tf.max(centers, 2) as tf.Tensor2D;
        const own = tf.clipByValue(tf.sum(tf.mul(cosines, target), 1, true), -1, 1);
        const sine = tf.sqrt(tf.maximum(tf.sub(1, tf.square(own)), 1e-12));
        const isPast = tf.less(own, Math.cos(Math.PI - margin));
        const turned = tf.sub(tf.mul(own, Math.cos(margin)), tf.mul(sine, Math.sin(margin)));
        const moved = tf.where(isPast, tf.sub(own, margin * Math.sin(margin)), turned);
        const turnedSlope = tf.add(tf.mul(tf.div(own, sine), Math.sin(margin)), Math.cos(margin));
        const ownSlope = tf.where(isPast, tf.onesLike(own), turnedSlope);
        const logits = tf.mul(tf.add(tf.mul(cosines, tf.sub(1, target)), tf.mul(target, moved)), scale);
        const { losses, slope } = crossEntropyRows(
          logits as tf.Tensor2D,
          target,
          weights.subarray(start, start + rows),
        );
        return {
          parts: [{ losses }],
          pullback([d]) {
            const factor = tf.add(tf.sub(1, target), tf.mul(target, ownSlope));
            const g = tf.mul(tf.mul(tf.expandDims(tf.mul(d, scale), 1), slope), factor);
            const isLargest = tf.cast(
              tf.equal(tf.expandDims(tf.argMax(centers, 2), 2), tf.range(0, subCenters, 1, 'int32')),
              'float32',
            );
            return {
              matrix: tf.reshape(tf.mul(tf.expandDims(g, 2), isLargest), matrix.shape) as tf.Tensor2D,
            };
          },
        };
      },
    };
  }
}

/** The registry's entry. */
export const subcenterArcfaceLoss = {
  create: (options) => new SubCenterArcFaceLoss(options),
  description: 'ArcFace with the nearest of several sub-centers of each class',
  needsClasses: true,
  settings: {
    subCenters: {
      type: 'number',
      default: 3,
      minimum: 1,
      integer: true,
      description: 'Number of sub-centers of each class.',
    },
    margin: {
      type: 'number',
      default: 28.6,
      minimum: 0,
      exclusiveMaximum: 180,
      description: "Margin added to the label's angle, in degrees.",
    },
    scale: {
      type: 'number',
      default: 64,
      exclusiveMinimum: 0,
      description: 'Factor of the cosines.',
    },
  },
} satisfies ProxyLossEntry<SubCenterArcFaceLossOptions>;
