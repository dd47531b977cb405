import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const countNonFiniteWasm: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = wasmRuntime(backend);
  const out = runtime.output([], 'int32');
  runtime.ints(runtime.pointer(out), 1)[0] = runtime.kernels.countNonFinite(runtime.pointer(x), x.size);
  return out;
};
