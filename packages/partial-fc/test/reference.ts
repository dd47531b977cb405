import * as tf from '@tensorflow/tfjs-core';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import { cosineLogits } from '@unitsphere/ops';
import '@unitsphere/core/gradients';

/** Returns seeded values in [−scale, scale). */
export function fill(count: number, seed: number, scale = 1): Float32Array {
  const values = new Float32Array(count);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = scale * ((2 * state) / 4294967296 - 1);
  }
  return values;
}

/** Computes the loss and its gradients on the tape with all centers: the expected result of PartialFC at rate 1. */
export function lossOnTape(
  loss: LabelMarginLoss,
  embeddings: tf.Tensor2D,
  centers: tf.Tensor2D,
  labels: Int32Array,
) {
  return tf.tidy(() => {
    const { value, grads } = tf.valueAndGrads((e: tf.Tensor, c: tf.Tensor) =>
      loss.loss(cosineLogits(e as tf.Tensor2D, c as tf.Tensor2D), labels),
    )([embeddings, centers]);
    return {
      loss: value.dataSync()[0],
      embeddings: grads[0].dataSync() as Float32Array,
      centers: grads[1].dataSync() as Float32Array,
    };
  });
}

/** Returns the largest difference divided by the largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.NaN;
  let [difference, largest] = [0, 1e-12];
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i]) || Number.isNaN(expected[i])) return Number.NaN;
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}

export const squareSum = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v) => sum + v * v, 0);
