import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { RunningStatistics, RunningStatisticsAttrs } from '../moving-average-attrs.js';
import { computeElementwise, forEachValue } from './elementwise.js';
import { webGpuRuntime } from './runtime.js';

export const movingAverageWebGpu: Kernel<
  { average: tf.Tensor; latest: tf.Tensor },
  { momentum: number; factor: number }
> = ({ inputs, attrs: { momentum, factor }, backend }) =>
  computeElementwise(backend, {
    key: 'movingAverage',
    like: inputs.average,
    inputs: { ...inputs },
    numbers: { kept: 1 - momentum, added: momentum * factor },
    result: () => 'average[i] * u.kept + latest[i] * u.added',
  });

export const runningStatisticsWebGpu: Kernel<RunningStatistics, RunningStatisticsAttrs> = ({
  inputs,
  attrs: { momentum, factor },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const [updatedMean, updatedVariance] = [inputs.mean, inputs.variance].map(({ shape }) =>
    runtime.output(shape),
  );
  forEachValue(runtime, {
    key: 'runningStatistics',
    tensors: { ...inputs, updatedMean, updatedVariance },
    written: ['updatedMean', 'updatedVariance'],
    numbers: { kept: 1 - momentum, added: momentum, addedVariance: momentum * factor },
    body: () => `updatedMean[i] = mean[i] * u.kept + latestMean[i] * u.added;
    updatedVariance[i] = variance[i] * u.kept + latestVariance[i] * u.addedVariance;`,
  });
  return [updatedMean, updatedVariance];
};
