import type * as tf from '@tensorflow/tfjs-core';
import { type Activation, activationCode } from '../activation-names.js';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const activationWasm: Kernel<{ x: tf.Tensor }, { activation: Activation }> = ({
  inputs: { x },
  attrs: { activation },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const y = runtime.output(x.shape);
  runtime.kernels.activation(runtime.pointer(x), x.size, activationCode[activation], runtime.pointer(y));
  return y;
};

export const activationGradWasm: Kernel<{ x: tf.Tensor; dy: tf.Tensor }, { activation: Activation }> = ({
  inputs: { x, dy },
  attrs: { activation },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const dx = runtime.output(x.shape);
  runtime.kernels.activationGrad(
    runtime.pointer(x),
    runtime.pointer(dy),
    x.size,
    activationCode[activation],
    runtime.pointer(dx),
  );
  return dx;
};
