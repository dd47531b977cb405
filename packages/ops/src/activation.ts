import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from './activation-names.js';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { activationGradTensorFlow, activationTensorFlow } from './tensorflow/activation.js';
import { activationGradWasm, activationWasm } from './wasm/activation.js';
import { activationGradWebGpu, activationWebGpu } from './webgpu/activation.js';

const hardGate = (z: tf.Tensor) => tf.div(tf.clipByValue(tf.add(z, 3), 0, 6), 6);

const compositions: Record<Activation, (z: tf.Tensor) => tf.Tensor> = {
  none: (z) => tf.clone(z),
  relu: (z) => tf.relu(z),
  hard_swish: (z) => tf.mul(z, hardGate(z)),
  hard_sigmoid: hardGate,
  relu6: (z) => tf.clipByValue(z, 0, 6),
  silu: (z) => tf.mul(z, tf.sigmoid(z)),
  sigmoid: (z) => tf.sigmoid(z),
};

/** Returns dy where low < z < high, else 0. */
const maskBetween = (dy: tf.Tensor, z: tf.Tensor, low: number, high: number) =>
  tf.where(tf.logicalAnd(tf.greater(z, low), tf.less(z, high)), dy, tf.zerosLike(dy));

/** Returns dy · s · factor(1 − s), where s = sigmoid(z). */
const timesSigmoid = (dy: tf.Tensor, z: tf.Tensor, factor: (complement: tf.Tensor) => tf.Tensor) => {
  const s = tf.sigmoid(z);
  return tf.mul(dy, tf.mul(s, factor(tf.sub(1, s))));
};

const gradients: Record<Activation, (dy: tf.Tensor, z: tf.Tensor) => tf.Tensor> = {
  none: (dy) => tf.clone(dy),
  relu: (dy, z) => tf.where(tf.greater(z, 0), dy, tf.zerosLike(dy)),
  hard_swish: (dy, z) => {
    const inside = tf.mul(dy, tf.add(tf.div(z, 3), 0.5));
    return tf.where(tf.lessEqual(z, -3), tf.zerosLike(dy), tf.where(tf.greaterEqual(z, 3), dy, inside));
  },
  hard_sigmoid: (dy, z) => maskBetween(tf.div(dy, 6), z, -3, 3),
  relu6: (dy, z) => maskBetween(dy, z, 0, 6),
  silu: (dy, z) => timesSigmoid(dy, z, (complement) => tf.add(1, tf.mul(z, complement))),
  sigmoid: (dy, z) => timesSigmoid(dy, z, (complement) => complement),
};

/** Computes activation(z) in stock operations. */
export function composeActivation(z: tf.Tensor, activation: Activation): tf.Tensor {
  return compositions[activation](z);
}

/** Computes dy · activation'(z) in stock operations. At a jump of the slope, the slope of the outer side applies. */
export function composeActivationGrad(dy: tf.Tensor, z: tf.Tensor, activation: Activation): tf.Tensor {
  return gradients[activation](dy, z);
}

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor }, { activation: Activation }>({
  name: 'UnitsphereActivationGrad',
  compose: ({ x, dy }, { activation }) => composeActivationGrad(dy, x, activation),
  kernels: { wasm: activationGradWasm, webgpu: activationGradWebGpu, tensorflow: activationGradTensorFlow },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, { activation: Activation }>({
  name: 'UnitsphereActivation',
  compose: ({ x }, { activation }) => composeActivation(x, activation),
  inputsToSave: ['x'],
  gradient: ([dy], [x], attrs) => ({ x: () => gradOp({ x, dy }, attrs)[0] }),
  kernels: { wasm: activationWasm, webgpu: activationWebGpu, tensorflow: activationTensorFlow },
});

function activate<T extends tf.Tensor>(name: string, x: T, activation: Activation): T {
  checkFloat(name, 'x', x);
  return op({ x }, { activation })[0] as T;
}

/**
 * Computes x · clip(x + 3, 0, 6) / 6 (Howard et al., "Searching for MobileNetV3", 2019), as torch.nn.functional.hardswish.
 * @param x float32, any shape.
 * @returns A tensor of x's shape.
 */
export function hardSwish<T extends tf.Tensor>(x: T): T {
  return activate('hardSwish', x, 'hard_swish');
}

/** Computes clip(x + 3, 0, 6) / 6, as torch.nn.functional.hardsigmoid. @param x float32, any shape. */
export function hardSigmoid<T extends tf.Tensor>(x: T): T {
  return activate('hardSigmoid', x, 'hard_sigmoid');
}

/** Computes max(x, 0). The gradient at 0 is 0, as in PyTorch. @param x float32, any shape. */
export function relu<T extends tf.Tensor>(x: T): T {
  return activate('relu', x, 'relu');
}

/** Computes min(max(x, 0), 6), as torch.nn.functional.relu6. @param x float32, any shape. */
export function relu6<T extends tf.Tensor>(x: T): T {
  return activate('relu6', x, 'relu6');
}

/** Computes x · sigmoid(x), also called swish, as torch.nn.functional.silu. @param x float32, any shape. */
export function silu<T extends tf.Tensor>(x: T): T {
  return activate('silu', x, 'silu');
}

/** Computes 1 / (1 + exp(−x)), as torch.sigmoid. @param x float32, any shape. */
export function sigmoid<T extends tf.Tensor>(x: T): T {
  return activate('sigmoid', x, 'sigmoid');
}
