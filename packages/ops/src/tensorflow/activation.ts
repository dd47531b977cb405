import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../activation-names.js';
import type { Kernel } from '../define-op.js';
import type { Operations } from './operations-of.js';
import { tensorFlowRuntime } from './runtime.js';

/** Computes activation(z). */
export function activate<V>(operations: Operations<V>, z: V, activation: Activation): V {
  const constant = (value: number) => operations.constant(value);
  const gate = () => operations.floats('Relu6', operations.floats('AddV2', z, constant(3)));
  switch (activation) {
    case 'none':
      return operations.floats('Identity', z);
    case 'relu':
      return operations.floats('Relu', z);
    case 'relu6':
      return operations.floats('Relu6', z);
    case 'sigmoid':
      return operations.floats('Sigmoid', z);
    case 'silu':
      return operations.floats('Mul', z, operations.floats('Sigmoid', z));
    case 'hard_sigmoid':
      return operations.floats('Mul', gate(), constant(1 / 6));
    case 'hard_swish':
      return operations.floats('Mul', operations.floats('Mul', z, gate()), constant(1 / 6));
  }
}

/** Computes dy · activation'(z). */
export function activationGradient<V>(operations: Operations<V>, z: V, dy: V, activation: Activation): V {
  const constant = (value: number) => operations.constant(value);
  switch (activation) {
    case 'none':
      return operations.floats('Identity', dy);
    case 'relu':
      return operations.floats('ReluGrad', dy, z);
    case 'relu6':
      return operations.floats('Relu6Grad', dy, z);
    case 'sigmoid':
      return operations.floats('SigmoidGrad', operations.floats('Sigmoid', z), dy);
    case 'silu': {
      const s = operations.floats('Sigmoid', z);
      // s + z · s · (1 − s)
      const slope = operations.floats('AddV2', s, operations.floats('SigmoidGrad', s, z));
      return operations.floats('Mul', dy, slope);
    }
    case 'hard_sigmoid': {
      const inside = operations.floats('Relu6Grad', dy, operations.floats('AddV2', z, constant(3)));
      return operations.floats('Mul', inside, constant(1 / 6));
    }
    case 'hard_swish': {
      const shifted = operations.floats('AddV2', z, constant(3));
      return operations.floats('Mul', hardSwishGradient(operations, z, shifted, dy), constant(1 / 6));
    }
  }
}

/** Computes 6 · dy · hardSwish'(z), where shifted = z + 3. */
export function hardSwishGradient<V>(operations: Operations<V>, z: V, shifted: V, dy: V): V {
  const ofFactor = operations.floats('Mul', dy, operations.floats('Relu6', shifted));
  const ofGate = operations.floats('Relu6Grad', operations.floats('Mul', dy, z), shifted);
  return operations.floats('AddV2', ofFactor, ofGate);
}

export const activationTensorFlow: Kernel<{ x: tf.Tensor }, { activation: Activation }> = ({
  inputs: { x },
  attrs: { activation },
  backend,
}) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() =>
    runtime.runCompiled(`${activation}`, [runtime.of(x)], [x.shape], (operations, z) => [
      activate(operations, z, activation),
    ]),
  );
};

export const activationGradTensorFlow: Kernel<
  { x: tf.Tensor; dy: tf.Tensor },
  { activation: Activation }
> = ({ inputs: { x, dy }, attrs: { activation }, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  const inputs = [x, dy].map((tensor) => runtime.of(tensor));
  return runtime.compute(() =>
    runtime.runCompiled(`${activation}_gradient`, inputs, [x.shape], (operations, z, dz) => [
      activationGradient(operations, z, dz, activation),
    ]),
  );
};
