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
  const [gammaAt, betaAt] = [runtime.pointer(gamma), runtime.pointer(beta)];
  runtime.kernels.layerNorm(
    runtime.pointer(x),
    rowsOf(x),
    gamma.size,
    gammaAt,
    betaAt,
    epsilon,
    runtime.pointer(y),
  );
  return y;
};

/** Returns [dx, dgamma, dbeta]. */
export const layerNormGradWasm: Kernel<
  { x: tf.Tensor; dy: tf.Tensor; gamma: tf.Tensor1D },
  { epsilon: number }
> = ({ inputs: { x, dy, gamma }, attrs: { epsilon }, backend }) => {
  const runtime = wasmRuntime(backend);
  const dx = runtime.output(x.shape);
  const dgamma = runtime.output(gamma.shape);
  const dbeta = runtime.output(gamma.shape);
  runtime.kernels.layerNormGrad(
    runtime.pointer(x),
    runtime.pointer(dy),
    rowsOf(x),
    gamma.size,
    runtime.pointer(gamma),
    epsilon,
    runtime.pointer(dx),
    runtime.pointer(dgamma),
    runtime.pointer(dbeta),
  );
  return [dx, dgamma, dbeta];
};
