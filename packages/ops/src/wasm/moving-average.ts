import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const movingAverageWasm: Kernel<
  { average: tf.Tensor; latest: tf.Tensor },
  { momentum: number; factor: number }
> = ({ inputs: { average, latest }, attrs: { momentum, factor }, backend }) => {
  const runtime = wasmRuntime(backend);
  const [keep, take] = [1 - momentum, momentum * factor];
  const out = runtime.output(average.shape);
  const [averageAt, latestAt, outAt] = [
    runtime.pointer(average),
    runtime.pointer(latest),
    runtime.pointer(out),
  ];
  runtime.kernels.movingAverage(averageAt, latestAt, average.size, keep, take, outAt);
  return out;
};
