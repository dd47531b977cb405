import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './define-op.js';
import type { RunningStatistics, RunningStatisticsAttrs } from './moving-average-attrs.js';
import { movingAverageTensorFlow } from './tensorflow/moving-average.js';
import { movingAverageWasm } from './wasm/moving-average.js';
import { movingAverageWebGpu, runningStatisticsWebGpu } from './webgpu/moving-average.js';

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

const statisticsOp = /* @__PURE__ */ defineOp<RunningStatistics, RunningStatisticsAttrs>({
  name: 'UnitsphereRunningStatistics',
  compose: ({ mean, variance, latestMean, latestVariance }, { momentum, factor }) => [
    op({ average: mean, latest: latestMean }, { momentum, factor: 1 })[0],
    op({ average: variance, latest: latestVariance }, { momentum, factor })[0],
  ],
  kernels: { webgpu: runningStatisticsWebGpu },
});

/**
 * Updates the running mean and variance of a batch norm in place: as two calls of {@link updateMovingAverage}, and on WebGPU in one
 * dispatch.
 * @param running float32 variables of one shape; assigned.
 * @param latest float32, of the same shape: the latest batch's mean and variance.
 * @param momentum Weight of `latest`, in [0, 1].
 * @param factor Multiplies the latest variance first: n / (n − 1) makes a biased one unbiased. Default 1.
 * @throws Error if the shapes differ.
 */
export function updateRunningStatistics(
  running: { mean: tf.Variable; variance: tf.Variable },
  latest: { mean: tf.Tensor; variance: tf.Tensor },
  momentum: number,
  factor = 1,
): void {
  const { mean, variance } = running;
  for (const [name, tensor] of Object.entries({
    variance,
    'latest.mean': latest.mean,
    'latest.variance': latest.variance,
  })) {
    if (!tf.util.arraysEqual(tensor.shape, mean.shape)) {
      throw new Error(
        `updateRunningStatistics: ${name} has shape [${tensor.shape}], but the running mean has shape [${mean.shape}].`,
      );
    }
  }
  const inputs = { mean, variance, latestMean: latest.mean, latestVariance: latest.variance };
  const [updatedMean, updatedVariance] = statisticsOp(inputs, { momentum, factor });
  mean.assign(updatedMean);
  variance.assign(updatedVariance);
}
