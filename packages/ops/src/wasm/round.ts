import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const roundWasm: Kernel<{ x: tf.Tensor }, { bits: number }> = ({
  inputs: { x },
  attrs: { bits },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const y = runtime.output(x.shape);
  runtime.kernels.round(runtime.pointer(x), x.size, bits, runtime.pointer(y));
  return y;
};
