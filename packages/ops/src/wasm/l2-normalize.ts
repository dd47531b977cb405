import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const l2NormalizeWasm: Kernel<{ x: tf.Tensor2D }, { epsilon: number }> = ({
  inputs: { x },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [rows, dimensions] = x.shape;
  const y = runtime.output(x.shape);
  runtime.kernels.l2Normalize(runtime.pointer(x), rows, dimensions, epsilon, runtime.pointer(y));
  return y;
};

export const l2NormalizeGradWasm: Kernel<{ x: tf.Tensor2D; dy: tf.Tensor2D }, { epsilon: number }> = ({
  inputs: { x, dy },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [rows, dimensions] = x.shape;
  const dx = runtime.output(x.shape);
  const [xAt, dyAt, dxAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(dx)];
  runtime.kernels.l2NormalizeGrad(xAt, dyAt, rows, dimensions, epsilon, dxAt);
  return dx;
};
