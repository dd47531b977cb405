import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const packBfloat16Wasm: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = wasmRuntime(backend);
  const y = runtime.output([Math.ceil(x.size / 2)], 'int32');
  runtime.kernels.packBfloat16(runtime.pointer(x), x.size, runtime.pointer(y));
  return y;
};

export const unpackBfloat16Wasm: Kernel<{ x: tf.Tensor }, { shape: number[] }> = ({
  inputs: { x },
  attrs: { shape },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const y = runtime.output(shape);
  const count = shape.reduce((a, b) => a * b, 1);
  runtime.kernels.unpackBfloat16(runtime.pointer(x), count, runtime.pointer(y));
  return y;
};
