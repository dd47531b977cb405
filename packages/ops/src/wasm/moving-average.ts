import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const movingAverageWasm: Kernel<
  { average: tf.Tensor; latest: tf.Tensor },
  { momentum: number; factor: number }
> = ({ inputs: { average, latest }, attrs: { momentum, factor }, backend }) => {
  const runtime = wasmRuntime(backend);
  const out = runtime.output(average.shape);
  runtime.kernels.movingAverage(
    runtime.pointer(average),
    runtime.pointer(latest),
    average.size,
    1 - momentum,
    momentum * factor,
    runtime.pointer(out),
  );
  return out;
};
