import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { fixedActivationGradWasm, fixedActivationWasm } from './wasm/activation.js';

/** Returns the cumulative probability of the standard normal distribution. */
const cumulative = (x: tf.Tensor) => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor }, object>({
  name: 'UnitsphereGeluGrad',
  compose: ({ x, dy }) => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.mul(dy, tf.add(cumulative(x), tf.mul(x, density)));
  },
  kernels: { wasm: /* @__PURE__ */ fixedActivationGradWasm('gelu') },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitsphereGelu',
  compose: ({ x }) => tf.mul(x, cumulative(x)),
  inputsToSave: ['x'],
  gradient: ([dy], [x]) => ({ x: () => gradOp({ x, dy }, {})[0] }),
  kernels: { wasm: /* @__PURE__ */ fixedActivationWasm('gelu') },
});

/**
 * Computes x times the standard normal distribution's cumulative probability of x (Hendrycks & Gimpel, 2016), as
 * torch.nn.functional.gelu without approximation.
 * @param x float32, any shape.
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  checkFloat('gelu', 'x', x);
  return op({ x }, {})[0] as T;
}
