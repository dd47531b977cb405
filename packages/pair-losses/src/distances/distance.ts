import * as tf from '@tensorflow/tfjs-core';

/** A value and the function that carries a gradient back to the value's input. */
export interface WithPullback<T extends tf.Tensor, D> {
  value: T;
  /** Maps the gradient of `value` to the gradient of the input. */
  pullback(gradient: T): D;
}

/**
 * A distance or similarity of embeddings. Losses and miners compute it in two steps: `prepare` each side once, then
 * `matrix` for blocks of rows. Both return their own gradient instead of recording operations on the tape.
 */
export interface Distance {
  /** Whether a larger value means more similar, as with cosines and dot products. */
  readonly isInverted: boolean;

  /** Exponent of the distance. */
  readonly power: number;

  /** Whether `prepare` divides each row by its length. */
  readonly normalize: boolean;

  /**
   * Normalizes the rows, or returns them unchanged.
   * @param x float32 [rows, dimensions].
   */
  prepare(x: tf.Tensor2D): WithPullback<tf.Tensor2D, tf.Tensor2D>;

  /**
   * Computes the distances of every row of `query` with every row of `reference`, both from `prepare`.
   * @param query float32 [rows, dimensions].
   * @param reference float32 [columns, dimensions].
   * @returns float32 [rows, columns]; the pullback returns the gradients of `query` and `reference`.
   */
  matrix(query: tf.Tensor2D, reference: tf.Tensor2D): WithPullback<tf.Tensor2D, [tf.Tensor2D, tf.Tensor2D]>;

  /**
   * How the distance follows from inner products, if it is computed by `prepare` and `matrix` of this package:
   * `product` is q · r, `euclidean` is |q − r|^power. Losses then compute it without temporary matrices. Default: unknown.
   */
  readonly hostForm?: 'product' | 'euclidean' | undefined;

  /** Returns the number of values that one entry of the matrix takes while it is computed. */
  valuesPerEntry(dimensions: number): number;
}

/** Returns the largest absolute value that a distance computed on the host can have; infinite if it is not limited. */
export function boundOf({ normalize, hostForm, power }: Distance): number {
  if (!normalize || !hostForm) return Number.POSITIVE_INFINITY;
  // Rounding exceeds the limit of unit vectors.
  return 1.001 * (hostForm === 'product' ? 1 : 2 ** power);
}

/** Minimum length of a row; shorter rows are divided by it, as in torch.nn.functional.normalize. */
const SHORTEST = 1e-12;

/** Divides each row by its Euclidean length. Rows shorter than 1e-12 are divided by 1e-12. */
export function normalizeRows(x: tf.Tensor2D): WithPullback<tf.Tensor2D, tf.Tensor2D> {
  // Scaling by the largest value first keeps the squares of tiny and huge rows in range.
  const size = tf.maximum(tf.max(tf.abs(x), 1, true), 1e-30);
  const norm = tf.maximum(tf.mul(tf.sqrt(tf.sum(tf.square(tf.div(x, size)), 1, true)), size), SHORTEST);
  const value = tf.div(x, norm) as tf.Tensor2D;
  return {
    value,
    pullback: (d) => {
      const along = tf.mul(value, tf.sum(tf.mul(d, value), 1, true));
      const isShort = tf.lessEqual(norm, SHORTEST);
      return tf.div(tf.sub(d, tf.where(isShort, tf.zerosLike(along), along)), norm) as tf.Tensor2D;
    },
  };
}

/** Returns the rows unchanged. */
export function keepRows(x: tf.Tensor2D): WithPullback<tf.Tensor2D, tf.Tensor2D> {
  return { value: x, pullback: (d) => d };
}

/**
 * Computes |q − r|² as |q|² + |r|² − 2 q·r, not below 0. Values below 1e-6 · (|q|² + |r|²) are rounding errors and become
 * exactly 0, with gradient 0.
 */
export function squaredDistances(
  query: tf.Tensor2D,
  reference: tf.Tensor2D,
): WithPullback<tf.Tensor2D, [tf.Tensor2D, tf.Tensor2D]> {
  const sizes = tf.add(
    tf.sum(tf.square(query), 1, true),
    tf.reshape(tf.sum(tf.square(reference), 1), [1, -1]),
  );
  const raw = tf.sub(sizes, tf.mul(tf.matMul(query, reference, false, true), 2));
  // A NaN stays, because it is not small either.
  const isApart = tf.logicalNot(tf.lessEqual(raw, tf.mul(sizes, 1e-6)));
  const value = tf.where(isApart, raw, tf.zerosLike(raw)) as tf.Tensor2D;
  return {
    value,
    pullback(d) {
      const g = tf.mul(tf.where(isApart, d, tf.zerosLike(d)), 2) as tf.Tensor2D;
      const dQuery = tf.sub(tf.mul(query, tf.sum(g, 1, true)), tf.matMul(g, reference));
      const columns = tf.reshape(tf.sum(g, 0), [-1, 1]);
      const dReference = tf.sub(tf.mul(reference, columns), tf.matMul(g, query, true, false));
      return [dQuery as tf.Tensor2D, dReference as tf.Tensor2D];
    },
  };
}

/** Raises distances to a power. The gradient at 0 is 0, except with power 1, which returns the distances unchanged. */
export function raise(x: tf.Tensor2D, power: number): WithPullback<tf.Tensor2D, tf.Tensor2D> {
  if (power === 1) return keepRows(x);
  const positive = tf.greater(x, 0);
  return {
    value: tf.pow(x, power) as tf.Tensor2D,
    pullback(d) {
      const slope = tf.mul(tf.pow(tf.where(positive, x, tf.onesLike(x)), power - 1), power);
      return tf.where(positive, tf.mul(d, slope), tf.zerosLike(d)) as tf.Tensor2D;
    },
  };
}
