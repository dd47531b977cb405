import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { activationGradWasm, activationWasm } from './wasm/activation.js';

/** Activations that ops fuse, by timm's names. */
export type Activation = 'none' | 'relu' | 'hard_swish' | 'hard_sigmoid';

/** The codes that kernels take; the order is the kernels'. */
export const activationCode: Record<Activation, number> = {
  none: 0,
  relu: 1,
  hard_swish: 2,
  hard_sigmoid: 3,
};

/** activation(z) in stock operations. */
export function composeActivation(z: tf.Tensor, activation: Activation): tf.Tensor {
  if (activation === 'relu') return tf.relu(z);
  if (activation === 'none') return tf.clone(z);
  const gate = tf.div(tf.clipByValue(tf.add(z, 3), 0, 6), 6);
  return activation === 'hard_swish' ? tf.mul(z, gate) : gate;
}

/** dy · activation'(z) in stock operations; at the kinks −3 and 3 of the hard activations, the outer side's slope. */
export function composeActivationGrad(dy: tf.Tensor, z: tf.Tensor, activation: Activation): tf.Tensor {
  if (activation === 'none') return tf.clone(dy);
  const zeros = tf.zerosLike(dy);
  if (activation === 'relu') return tf.where(tf.greater(z, 0), dy, zeros);
  const right = tf.greaterEqual(z, 3);
  const left = tf.lessEqual(z, -3);
  if (activation === 'hard_sigmoid') return tf.where(tf.logicalOr(left, right), zeros, tf.div(dy, 6));
  const inside = tf.mul(dy, tf.add(tf.div(z, 3), 0.5));
  return tf.where(left, zeros, tf.where(right, dy, inside));
}

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor }, { activation: Activation }>({
  name: 'UnitsphereActivationGrad',
  compose: ({ x, dy }, { activation }) => composeActivationGrad(dy, x, activation),
  kernels: { wasm: activationGradWasm },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, { activation: Activation }>({
  name: 'UnitsphereActivation',
  compose: ({ x }, { activation }) => composeActivation(x, activation),
  inputsToSave: ['x'],
  gradient: ([dy], [x], attrs) => ({ x: () => gradOp({ x: x!, dy: dy! }, attrs)[0]! }),
  kernels: { wasm: activationWasm },
});

function activate<T extends tf.Tensor>(name: string, x: T, activation: Activation): T {
  checkFloat(name, 'x', x);
  return op({ x }, { activation })[0] as T;
}

/**
 * x · clip(x + 3, 0, 6) / 6 (Howard et al., "Searching for MobileNetV3", 2019), as torch.nn.functional.hardswish.
 * @param x float32, any shape.
 * @returns The same shape.
 */
export function hardSwish<T extends tf.Tensor>(x: T): T {
  return activate('hardSwish', x, 'hard_swish');
}

/** clip(x + 3, 0, 6) / 6, as torch.nn.functional.hardsigmoid. @param x float32, any shape. */
export function hardSigmoid<T extends tf.Tensor>(x: T): T {
  return activate('hardSigmoid', x, 'hard_sigmoid');
}

/** max(x, 0); the gradient at 0 is 0, as in PyTorch. @param x float32, any shape. */
export function relu<T extends tf.Tensor>(x: T): T {
  return activate('relu', x, 'relu');
}
