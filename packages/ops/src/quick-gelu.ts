import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { fixedActivationGradWasm, fixedActivationWasm } from './wasm/activation.js';

const SLOPE = 1.702;
const gate = (x: tf.Tensor) => tf.sigmoid(tf.mul(x, SLOPE));

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor }, object>({
  name: 'UnitsphereQuickGeluGrad',
  compose: ({ x, dy }) => {
    const s = gate(x);
    const inner = tf.mul(tf.mul(x, SLOPE), tf.sub(1, s));
    return tf.mul(dy, tf.mul(s, tf.add(1, inner)));
  },
  kernels: { wasm: /* @__PURE__ */ fixedActivationGradWasm('quick_gelu') },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitsphereQuickGelu',
  compose: ({ x }) => tf.mul(x, gate(x)),
  inputsToSave: ['x'],
  gradient: ([dy], [x]) => ({ x: () => gradOp({ x, dy }, {})[0] }),
  kernels: { wasm: /* @__PURE__ */ fixedActivationWasm('quick_gelu') },
});

/**
 * Computes x · sigmoid(1.702 · x), the approximation of GELU used by OpenAI's CLIP (Hendrycks & Gimpel, 2016; timm's
 * quick_gelu).
 * @param x float32, any shape.
 */
export function quickGelu<T extends tf.Tensor>(x: T): T {
  checkFloat('quickGelu', 'x', x);
  return op({ x }, {})[0] as T;
}
