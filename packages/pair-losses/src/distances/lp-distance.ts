import * as tf from '@tensorflow/tfjs-core';
import { raise, type WithPullback } from './distance.js';
import { EuclideanDistance, type EuclideanDistanceOptions } from './euclidean.js';
import { lpLengths } from './lp-lengths.js';

/** Options of `LpDistance`. */
export interface LpDistanceOptions extends EuclideanDistanceOptions {
  /** The norm's order, at least 1. Default 2. */
  p?: number;
}

/**
 * Distance of two embeddings: (Σ |q − r|^p)^(power / p). By default the embeddings are normalized, by the same norm. With
 * `p` 2 it is `EuclideanDistance`; with another `p` every entry takes `dimensions` values while it is computed. The gradient
 * at distance 0 is 0.
 */
export class LpDistance extends EuclideanDistance {
  readonly p: number;

  /** @throws RangeError unless p is at least 1 and power is above 0. */
  constructor({ p = 2, ...options }: LpDistanceOptions = {}) {
    super(options);
    if (!(Number.isFinite(p) && p >= 1)) {
      throw new RangeError(`LpDistance: p must be a finite number of at least 1, but it is ${p}.`);
    }
    this.p = p;
  }

  override get hostForm(): 'euclidean' | undefined {
    const { prepare, matrix } = LpDistance.prototype;
    return this.p === 2 && this.prepare === prepare && this.matrix === matrix ? 'euclidean' : undefined;
  }

  override prepare(x: tf.Tensor2D): WithPullback<tf.Tensor2D, tf.Tensor2D> {
    return this.normalize && this.p !== 2 ? normalizeByLp(x, this.p) : super.prepare(x);
  }

  override matrix(
    query: tf.Tensor2D,
    reference: tf.Tensor2D,
  ): WithPullback<tf.Tensor2D, [tf.Tensor2D, tf.Tensor2D]> {
    return this.p === 2 ? super.matrix(query, reference) : lpMatrix(query, reference, this.p, this.power);
  }

  override valuesPerEntry(dimensions: number): number {
    return this.p === 2 ? 1 : dimensions;
  }
}

function lpMatrix(query: tf.Tensor2D, reference: tf.Tensor2D, p: number, power: number) {
  const difference = tf.sub(tf.expandDims(query, 1), tf.expandDims(reference, 0)) as tf.Tensor3D;
  const lengths = lpLengths(difference, p);
  const raised = raise(lengths.value as tf.Tensor2D, power);
  return {
    value: raised.value,
    pullback(d: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D] {
      const g = lengths.pullback(raised.pullback(d)) as tf.Tensor3D;
      return [tf.sum(g, 1), tf.neg(tf.sum(g, 0) as tf.Tensor2D)];
    },
  };
}

function normalizeByLp(x: tf.Tensor2D, p: number): WithPullback<tf.Tensor2D, tf.Tensor2D> {
  const lengths = lpLengths(x, p);
  const norm = tf.maximum(tf.expandDims(lengths.value, 1), 1e-12);
  const value = tf.div(x, norm) as tf.Tensor2D;
  return {
    value,
    pullback(d) {
      const dNorm = tf.neg(tf.div(tf.sum(tf.mul(d, value), 1), tf.squeeze(norm, [1])));
      return tf.add(tf.div(d, norm), lengths.pullback(dNorm));
    },
  };
}
