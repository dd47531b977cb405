import * as tf from '@tensorflow/tfjs-core';
import { type Distance, keepRows, normalizeRows, type WithPullback } from './distance.js';

/** Options of `DotProductSimilarity`. */
export interface DotProductSimilarityOptions {
  /** Whether to divide each embedding by its length first. Default true, as in pytorch-metric-learning. */
  normalize?: boolean;
}

/**
 * Dot product of two embeddings: q · r. A similarity: larger means closer. By default it equals the cosine, because the
 * embeddings are normalized.
 */
export class DotProductSimilarity implements Distance {
  readonly isInverted = true;
  readonly power = 1;
  readonly normalize: boolean;

  constructor({ normalize = true }: DotProductSimilarityOptions = {}) {
    this.normalize = normalize;
  }

  /** Unknown in a subclass with its own `prepare` or `matrix`. */
  get hostForm(): 'product' | undefined {
    const { prepare, matrix } = DotProductSimilarity.prototype;
    return this.prepare === prepare && this.matrix === matrix ? 'product' : undefined;
  }

  prepare(x: tf.Tensor2D): WithPullback<tf.Tensor2D, tf.Tensor2D> {
    return this.normalize ? normalizeRows(x) : keepRows(x);
  }

  matrix(query: tf.Tensor2D, reference: tf.Tensor2D): WithPullback<tf.Tensor2D, [tf.Tensor2D, tf.Tensor2D]> {
    return {
      value: tf.matMul(query, reference, false, true),
      pullback: (d) => [tf.matMul(d, reference), tf.matMul(d, query, true, false)],
    };
  }

  valuesPerEntry(): number {
    return 1;
  }
}
