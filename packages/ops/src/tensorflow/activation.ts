import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../activation-names.js';
import type { Kernel } from '../define-op.js';
import { type Handle, type TensorFlowRuntime, tensorFlowRuntime } from './runtime.js';

/** Computes activation(z). */
export function activate(runtime: TensorFlowRuntime, z: Handle, activation: Activation): Handle {
  const constant = (value: number) => runtime.constant(value);
  const gate = () => runtime.floats('Relu6', runtime.floats('AddV2', z, constant(3)));
  switch (activation) {
    case 'none':
      return runtime.floats('Identity', z);
    case 'relu':
      return runtime.floats('Relu', z);
    case 'relu6':
      return runtime.floats('Relu6', z);
    case 'sigmoid':
      return runtime.floats('Sigmoid', z);
    case 'silu':
      return runtime.floats('Mul', z, runtime.floats('Sigmoid', z));
    case 'hard_sigmoid':
      return runtime.floats('Mul', gate(), constant(1 / 6));
    case 'hard_swish':
      return runtime.floats('Mul', runtime.floats('Mul', z, gate()), constant(1 / 6));
  }
}

/** Computes dy · activation'(z). */
export function activationGradient(
  runtime: TensorFlowRuntime,
  z: Handle,
  dy: Handle,
  activation: Activation,
): Handle {
  const constant = (value: number) => runtime.constant(value);
  switch (activation) {
    case 'none':
      return runtime.floats('Identity', dy);
    case 'relu':
      return runtime.floats('ReluGrad', dy, z);
    case 'relu6':
      return runtime.floats('Relu6Grad', dy, z);
    case 'sigmoid':
      return runtime.floats('SigmoidGrad', runtime.floats('Sigmoid', z), dy);
    case 'silu': {
      const s = runtime.floats('Sigmoid', z);
      // s + z · s · (1 − s)
      const slope = runtime.floats('AddV2', s, runtime.floats('SigmoidGrad', s, z));
      return runtime.floats('Mul', dy, slope);
    }
    case 'hard_sigmoid': {
      const inside = runtime.floats('Relu6Grad', dy, runtime.floats('AddV2', z, constant(3)));
      return runtime.floats('Mul', inside, constant(1 / 6));
    }
    case 'hard_swish': {
      const shifted = runtime.floats('AddV2', z, constant(3));
      return runtime.floats('Mul', hardSwishGradient(runtime, z, shifted, dy), constant(1 / 6));
    }
  }
}

/** Computes 6 · dy · hardSwish'(z), where shifted = z + 3. */
export function hardSwishGradient(
  runtime: TensorFlowRuntime,
  z: Handle,
  shifted: Handle,
  dy: Handle,
): Handle {
  const ofFactor = runtime.floats('Mul', dy, runtime.floats('Relu6', shifted));
  const ofGate = runtime.floats('Relu6Grad', runtime.floats('Mul', dy, z), shifted);
  return runtime.floats('AddV2', ofFactor, ofGate);
}

export const activationTensorFlow: Kernel<{ x: tf.Tensor }, { activation: Activation }> = ({
  inputs: { x },
  attrs: { activation },
  backend,
}) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => [activate(runtime, runtime.of(x), activation)]);
};

export const activationGradTensorFlow: Kernel<
  { x: tf.Tensor; dy: tf.Tensor },
  { activation: Activation }
> = ({ inputs: { x, dy }, attrs: { activation }, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => [activationGradient(runtime, runtime.of(x), runtime.of(dy), activation)]);
};
