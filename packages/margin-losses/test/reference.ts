import * as tf from '@tensorflow/tfjs-core';
import type { Labels, MarginLoss } from '../src/index.js';

/** A margin in float64: what becomes of the label's cosine. */
export type Margin = (cosine: number) => number;

/** The loss in plain float64 JavaScript, from the definition; a row labelled −1 adds 0. */
export function referenceLoss(
  rows: number[][],
  labels: ArrayLike<number>,
  scale: number,
  margin: Margin,
): number {
  let total = 0;
  rows.forEach((row, i) => {
    if (labels[i] < 0) return;
    const logits = row.map((c, j) => scale * (j === labels[i] ? margin(c) : c));
    const largest = Math.max(...logits);
    total +=
      largest + Math.log(logits.reduce((sum, l) => sum + Math.exp(l - largest), 0)) - logits[labels[i]];
  });
  return total / rows.length;
}

/** The gradient of referenceLoss by central differences in float64, row by row. */
export function referenceGradient(
  rows: number[][],
  labels: ArrayLike<number>,
  scale: number,
  margin: Margin,
): number[] {
  const h = 1e-7;
  return rows.flatMap((row, i) =>
    row.map((c, j) => {
      const at = (x: number) =>
        referenceLoss([row.map((v, k) => (k === j ? x : v))], [labels[i]], scale, margin) / rows.length;
      return (at(c + h) - at(c - h)) / (2 * h);
    }),
  );
}

/** Value and gradient of a loss, as plain numbers. */
export function evaluate(loss: MarginLoss, rows: number[][], labels: Labels) {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((c: tf.Tensor) => loss.loss(c as tf.Tensor2D, labels))(
      tf.tensor2d(rows),
    );
    return { value: value.dataSync()[0], gradient: grad.dataSync() as Float32Array };
  });
}

/** The vector-Jacobian product of a loss's logits. */
export function logitsGradient(
  loss: MarginLoss,
  cosines: tf.Tensor2D,
  labels: Labels,
  dy: tf.Tensor2D,
): Float32Array {
  return tf.tidy(
    () =>
      tf
        .grad((c: tf.Tensor) => loss.logits(c as tf.Tensor2D, labels))(cosines, dy)
        .dataSync() as Float32Array,
  );
}

/** The largest difference over the largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, largest] = [0, 1e-12];
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i])) return Number.NaN;
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}
