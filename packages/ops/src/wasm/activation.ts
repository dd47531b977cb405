import type * as tf from '@tensorflow/tfjs-core';
import { type Activation, type KernelActivation, kernelCode } from '../activation-names.js';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

function activate(x: tf.Tensor, activation: KernelActivation, backend: unknown): tf.TensorInfo {
  const runtime = wasmRuntime(backend);
  const y = runtime.output(x.shape);
  runtime.kernels.activation(runtime.pointer(x), x.size, kernelCode[activation], runtime.pointer(y));
  return y;
}

function activateGrad(
  { x, dy }: { x: tf.Tensor; dy: tf.Tensor },
  activation: KernelActivation,
  backend: unknown,
): tf.TensorInfo {
  const runtime = wasmRuntime(backend);
  const dx = runtime.output(x.shape);
  const [xAt, dyAt, dxAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(dx)];
  runtime.kernels.activationGrad(xAt, dyAt, x.size, kernelCode[activation], dxAt);
  return dx;
}

export const activationWasm: Kernel<{ x: tf.Tensor }, { activation: Activation }> = ({
  inputs: { x },
  attrs: { activation },
  backend,
}) => activate(x, activation, backend);

export const activationGradWasm: Kernel<{ x: tf.Tensor; dy: tf.Tensor }, { activation: Activation }> = ({
  inputs,
  attrs: { activation },
  backend,
}) => activateGrad(inputs, activation, backend);

/** Returns the kernel of an activation that is an operation of its own. */
export const fixedActivationWasm =
  (activation: KernelActivation): Kernel<{ x: tf.Tensor }, object> =>
  ({ inputs: { x }, backend }) =>
    activate(x, activation, backend);

/** Returns the gradient's kernel of an activation that is an operation of its own. */
export const fixedActivationGradWasm =
  (activation: KernelActivation): Kernel<{ x: tf.Tensor; dy: tf.Tensor }, object> =>
  ({ inputs, backend }) =>
    activateGrad(inputs, activation, backend);
