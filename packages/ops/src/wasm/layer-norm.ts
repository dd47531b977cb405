import type * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

type Affine = { gamma: tf.Tensor1D; beta: tf.Tensor1D };

export const layerNormWasm: Kernel<{ x: tf.Tensor } & Affine, { epsilon: number }> = ({
  inputs: { x, gamma, beta },
  attrs: { epsilon },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const y = runtime.output(x.shape);
  runtime.kernels.layerNorm(
    runtime.pointer(x),
    rowsOf(x),
    gamma.size,
    runtime.pointer(gamma),
    runtime.pointer(beta),
    epsilon,
    runtime.pointer(y),
  );
  return y;
};

export const layerNormGradWasm: Kernel<
  { x: tf.Tensor; dy: tf.Tensor; gamma: tf.Tensor1D },
  { epsilon: number }
> = ({ inputs: { x, dy, gamma }, attrs: { epsilon }, backend }) => {
  const runtime = wasmRuntime(backend);
  const outputs = [x.shape, gamma.shape, gamma.shape].map((shape) => runtime.output(shape));
  runtime.kernels.layerNormGrad(
    runtime.pointer(x),
    runtime.pointer(dy),
    rowsOf(x),
    gamma.size,
    runtime.pointer(gamma),
    epsilon,
    ...outputs.map((output) => runtime.pointer(output)),
  );
  return outputs;
};
