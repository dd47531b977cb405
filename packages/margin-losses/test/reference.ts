import * as tf from '@tensorflow/tfjs-core';
import type { Labels, MarginLoss } from '../src/index.js';

/** A margin function in float64, applied to the label's cosine of a row. */
export type Margin = (cosine: number, row: number) => number;

/** A function of another class's cosine and of the label's cosine, in float64. */
export type Negative = (cosine: number, own: number) => number;

/** Computes the loss from its definition in plain float64 JavaScript; a row labeled −1 adds 0. */
export function referenceLoss(
  rows: number[][],
  labels: ArrayLike<number>,
  scale: number,
  margin: Margin,
  negative: Negative = (c) => c,
): number {
  let total = 0;
  rows.forEach((row, i) => {
    if (labels[i] < 0) return;
    const own = row[labels[i]];
    const logits = row.map((c, j) => scale * (j === labels[i] ? margin(c, i) : negative(c, own)));
    const largest = Math.max(...logits);
    total +=
      largest + Math.log(logits.reduce((sum, l) => sum + Math.exp(l - largest), 0)) - logits[labels[i]];
  });
  return total / rows.length;
}

/** Computes the gradient of referenceLoss by central differences in float64, row by row. */
export function referenceGradient(
  rows: number[][],
  labels: ArrayLike<number>,
  scale: number,
  margin: Margin,
  negative?: Negative,
): number[] {
  const h = 1e-7;
  return rows.flatMap((row, i) => {
    const own: Margin = (c) => margin(c, i);
    return row.map((c, j) => {
      const at = (x: number) =>
        referenceLoss([row.map((v, k) => (k === j ? x : v))], [labels[i]], scale, own, negative) /
        rows.length;
      return (at(c + h) - at(c - h)) / (2 * h);
    });
  });
}

/** Computes value and gradient of a loss as plain numbers. */
export function evaluate(loss: MarginLoss, rows: number[][], labels: Labels, norms?: ArrayLike<number>) {
  return tf.tidy(() => {
    const lengths = norms && tf.tensor1d(Float32Array.from(norms));
    const { value, grad } = tf.valueAndGrad((c: tf.Tensor) => loss.loss(c as tf.Tensor2D, labels, lengths))(
      tf.tensor2d(rows),
    );
    return { value: value.dataSync()[0], gradient: grad.dataSync() as Float32Array };
  });
}

/** Computes the vector-Jacobian product of a loss's logits. */
export function logitsGradient(
  loss: MarginLoss,
  cosines: tf.Tensor2D,
  labels: Labels,
  dy: tf.Tensor2D,
  norms?: tf.Tensor1D,
): Float32Array {
  return tf.tidy(
    () =>
      tf
        .grad((c: tf.Tensor) => loss.logits(c as tf.Tensor2D, labels, norms))(cosines, dy)
        .dataSync() as Float32Array,
  );
}

/** Returns the largest absolute difference divided by the largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, largest] = [0, 1e-12];
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i])) return Number.NaN;
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}

/** Splits a row-major matrix into its rows. */
export function rowsOf({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }): number[][] {
  const width = shape[1];
  return Array.from({ length: shape[0] }, (_, i) =>
    Array.from({ length: width }, (_, j) => data[i * width + j]),
  );
}

/** Computes the cosine of every embedding with every center, in float64. */
export function cosinesOf(embeddings: number[][], centers: number[][]): number[][] {
  const units = centers.map(unit);
  return embeddings.map((row) => {
    const e = unit(row);
    return units.map((w) => w.reduce((sum, v, d) => sum + v * e[d], 0));
  });
}

/** Computes the gradients of embeddings and centers, row-major, from those of their cosines. */
export function throughCosines(embeddings: number[][], centers: number[][], dCosines: ArrayLike<number>) {
  const at = (i: number, j: number) => dCosines[i * centers.length + j];
  const sum = (rows: number[][], weight: (index: number) => number) =>
    rows[0].map((_, d) => rows.reduce((total, row, index) => total + weight(index) * row[d], 0));
  const [e, w] = [embeddings.map(unit), centers.map(unit)];
  return {
    dE: embeddings.flatMap((row, i) =>
      throughNormalize(
        row,
        sum(w, (j) => at(i, j)),
      ),
    ),
    dW: centers.flatMap((row, j) =>
      throughNormalize(
        row,
        sum(e, (i) => at(i, j)),
      ),
    ),
  };
}

/** Computes the length of a row. */
export const length = (row: readonly number[]) => Math.hypot(...row);
const unit = (row: number[]) => row.map((v) => v / length(row));

/** Computes the gradient of a row from that of the normalized row. */
function throughNormalize(row: number[], upstream: number[]): number[] {
  const direction = unit(row);
  const along = upstream.reduce((sum, v, d) => sum + v * direction[d], 0);
  return upstream.map((v, d) => (v - along * direction[d]) / length(row));
}
