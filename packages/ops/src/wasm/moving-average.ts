import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

// A few hundred values: a loop here costs less than a call more into WebAssembly for each stock operation.
export const movingAverageWasm: Kernel<
  { average: tf.Tensor; latest: tf.Tensor },
  { momentum: number; factor: number }
> = ({ inputs: { average, latest }, attrs: { momentum, factor }, backend }) => {
  const runtime = wasmRuntime(backend);
  const out = runtime.output(average.shape);
  const [from, to, next] = [average, latest, out].map((t) =>
    runtime.floats(runtime.pointer(t), average.size),
  ) as [Float32Array, Float32Array, Float32Array];
  for (let i = 0; i < next.length; i++) next[i] = (1 - momentum) * from[i]! + momentum * factor * to[i]!;
  return out;
};
