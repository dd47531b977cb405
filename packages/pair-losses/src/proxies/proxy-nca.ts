import * as tf from '@tensorflow/tfjs-core';
import { checkPositive } from '../check.js';
import { boundOf } from '../distances/distance.js';
import { EuclideanDistance } from '../distances/euclidean.js';
import { crossEntropy } from '../host/cross-entropy.js';
import { scaleRow } from '../host/scale-row.js';
import type { LossPlan } from '../pairs/loss-plan.js';
import { signOf } from '../pairs/pair-loss.js';
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

/** Options of `ProxyNCALoss`. */
export interface ProxyNCALossOptions extends ProxyLossOptions {
  /** Factor of the negative distances, above 0; the reciprocal of ProxyNCA++'s temperature. Default 1. */
  softmaxScale?: number;
}

/**
 * ProxyNCA++: the cross-entropy of −softmaxScale · d(embedding, proxy) over the proxies, one per class. A similarity is
 * used with its own sign.
 *
 * Mined tuples weigh the rows by how often they are anchors. Defaults: squared Euclidean distance of normalized embeddings and proxies, `MeanReducer`, normally distributed proxies.
 * @see Movshovitz-Attias et al., "No Fuss Distance Metric Learning using Proxies", ICCV 2017; Teh, DeVries and Taylor,
 *   "ProxyNCA++", ECCV 2020.
 */
export class ProxyNCALoss extends ProxyLoss {
  protected readonly title = 'ProxyNCALoss';
  readonly softmaxScale: number;

  /** @throws RangeError or TypeError if an option is out of range. */
  constructor({ softmaxScale = 1, ...options }: ProxyNCALossOptions) {
    const defaults = { distance: new EuclideanDistance({ power: 2 }), reducer: new MeanReducer() };
    super('ProxyNCALoss', { ...defaults, ...options }, 1, drawNormal(1));
    this.softmaxScale = checkPositive('ProxyNCALoss: softmaxScale', softmaxScale);
  }

  protected plan({ labels, anchorWeights: weights }: ProxyBatch): LossPlan {
    const scale = -signOf(this.distance) * this.softmaxScale;
    const bound = boundOf(this.distance);
    return {
      counts: [new Float64Array(labels.length).fill(1)],
      kernel: ({ matrix, rows, columns, start, parts }) => {
        for (let row = 0; row < rows; row++) {
          const values = matrix.subarray(row * columns, (row + 1) * columns);
          const weight = weights[start + row];
          const label = labels[start + row];
          const { loss, sum } = crossEntropy(values, label, scale, bound);
          const g = parts[0].add(loss * weight, start + row) * weight * scale;
          scaleRow(values, g / sum);
          values[label] -= g;
        }
      },
      block: (matrix, start) => {
        const rows = matrix.shape[0];
        const target = oneHotRows(labels, start, rows, this.classes);
        const logits = tf.mul(matrix, scale) as tf.Tensor2D;
        const { losses, slope } = crossEntropyRows(logits, target, weights.subarray(start, start + rows));
        return {
          parts: [{ losses }],
          pullback: ([d]) => ({
            matrix: tf.mul(tf.expandDims(tf.mul(d, scale), 1), slope) as tf.Tensor2D,
          }),
        };
      },
    };
  }
}

/** The registry's entry. */
export const proxyNcaLoss = {
  create: (options) => new ProxyNCALoss(options),
  description: "cross-entropy of the negative squared distances to all classes' proxies (ProxyNCA++)",
  needsClasses: true,
  settings: {
    softmaxScale: {
      type: 'number',
      default: 1,
      exclusiveMinimum: 0,
      description: 'Factor of the negative distances.',
    },
  },
} satisfies ProxyLossEntry<ProxyNCALossOptions>;
