import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './define-op.js';
import { movingAverageTensorFlow } from './tensorflow/moving-average.js';
import { movingAverageWasm } from './wasm/moving-average.js';
import { movingAverageWebGpu } from './webgpu/moving-average.js';

const op = /* @__PURE__ */ defineOp<
  { average: tf.Tensor; latest: tf.Tensor },
  { momentum: number; factor: number }
>({
  name: 'UnitsphereMovingAverage',
  compose: ({ average, latest }, { momentum, factor }) =>
    tf.add(tf.mul(average, 1 - momentum), tf.mul(latest, momentum * factor)),
  kernels: { wasm: movingAverageWasm, webgpu: movingAverageWebGpu, tensorflow: movingAverageTensorFlow },
});

/**
 * Updates a running average in place: average ← (1 − momentum) · average + momentum · factor · latest.
 * @param average float32 variable, any shape; assigned.
 * @param latest float32, of the average's shape.
 * @param momentum Weight of `latest`, in [0, 1].
 * @param factor Multiplies `latest` first. Default 1.
 * @throws Error if the shapes differ.
 */
export function updateMovingAverage(
  average: tf.Variable,
  latest: tf.Tensor,
  momentum: number,
  factor = 1,
): void {
  if (!tf.util.arraysEqual(average.shape, latest.shape)) {
    throw new Error(
      `updateMovingAverage: latest has shape [${latest.shape}], but the average has shape [${average.shape}].`,
    );
  }
  average.assign(op({ average, latest }, { momentum, factor })[0]);
}
