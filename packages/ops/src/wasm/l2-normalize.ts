import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const l2NormalizeWasm: Kernel<{ x: tf.Tensor2D }, { epsilon: number }> = ({
  inputs: { x },
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const y = runtime.output(x.shape);
  runtime.kernels.l2Normalize(runtime.pointer(x), x.shape[0], x.shape[1], attrs.epsilon, runtime.pointer(y));
  return y;
};

export const l2NormalizeGradWasm: Kernel<{ x: tf.Tensor2D; dy: tf.Tensor2D }, { epsilon: number }> = ({
  inputs: { x, dy },
  attrs,
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const dx = runtime.output(x.shape);
  const [rows, dimensions] = x.shape;
  runtime.kernels.l2NormalizeGrad(
    runtime.pointer(x),
    runtime.pointer(dy),
    rows,
    dimensions,
    attrs.epsilon,
    runtime.pointer(dx),
  );
  return dx;
};
