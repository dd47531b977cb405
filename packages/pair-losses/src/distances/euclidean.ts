import type * as tf from '@tensorflow/tfjs-core';
import { checkPositive } from '../check.js';
import {
  type Distance,
  keepRows,
  normalizeRows,
  raise,
  squaredDistances,
  type WithPullback,
} from './distance.js';

/** Options of `EuclideanDistance`. */
export interface EuclideanDistanceOptions {
  /** Exponent of the distance, above 0. Default 1. */
  power?: number;
  /** Whether to divide each embedding by its length first. Default true. */
  normalize?: boolean;
}

/**
 * Euclidean distance of two embeddings, to a power: |q − r|^power. By default the embeddings are normalized. It equals
 * `LpDistance` with `p` 2 and costs less to import.
 *
 * It is computed by a matrix product. Distances below 0.001 · √(|q|² + |r|²) are rounding errors then and become exactly 0.
 * The gradient at distance 0 is 0.
 */
export class EuclideanDistance implements Distance {
  readonly isInverted = false;
  readonly power: number;
  readonly normalize: boolean;

  /** @throws RangeError unless power is above 0. */
  constructor({ power = 1, normalize = true }: EuclideanDistanceOptions = {}) {
    this.power = checkPositive('power', power);
    this.normalize = normalize;
  }

  /** Unknown in a subclass with its own `prepare` or `matrix`. */
  get hostForm(): 'euclidean' | undefined {
    const { prepare, matrix } = EuclideanDistance.prototype;
    return this.prepare === prepare && this.matrix === matrix ? 'euclidean' : undefined;
  }

  prepare(x: tf.Tensor2D): WithPullback<tf.Tensor2D, tf.Tensor2D> {
    return this.normalize ? normalizeRows(x) : keepRows(x);
  }

  matrix(query: tf.Tensor2D, reference: tf.Tensor2D): WithPullback<tf.Tensor2D, [tf.Tensor2D, tf.Tensor2D]> {
    const squares = squaredDistances(query, reference);
    const raised = raise(squares.value, this.power / 2);
    return { value: raised.value, pullback: (d) => squares.pullback(raised.pullback(d)) };
  }

  valuesPerEntry(_dimensions: number): number {
    return 1;
  }
}
