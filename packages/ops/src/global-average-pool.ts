import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { globalAveragePoolGradWasm, globalAveragePoolWasm } from './wasm/channels.js';
import { globalAveragePoolGradWebGpu, globalAveragePoolWebGpu } from './webgpu/global-average-pool.js';

type Size = { height: number; width: number };

const gradOp = /* @__PURE__ */ defineOp<{ dy: tf.Tensor2D }, Size>({
  name: 'UnitsphereGlobalAveragePoolGrad',
  compose: ({ dy }, { height, width }) => {
    const [n, c] = dy.shape;
    // A broadcast sum: tf.tile is an order of magnitude slower on WebAssembly.
    return tf.add(tf.zeros([1, height, width, 1]), tf.reshape(tf.div(dy, height * width), [n, 1, 1, c]));
  },
  kernels: { wasm: globalAveragePoolGradWasm, webgpu: globalAveragePoolGradWebGpu },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor4D }, Size>({
  name: 'UnitsphereGlobalAveragePool',
  compose: ({ x }) => tf.mean(x, [1, 2]),
  gradient: ([dy], _saved, size) => ({ x: () => gradOp({ dy: dy as tf.Tensor2D }, size)[0] }),
  kernels: { wasm: globalAveragePoolWasm, webgpu: globalAveragePoolWebGpu },
});

/**
 * Computes the mean over height and width.
 * @param x float32 [batch, height, width, channels].
 * @returns float32 [batch, channels].
 * @throws Error on a wrong rank or dtype.
 */
export function globalAveragePool(x: tf.Tensor4D): tf.Tensor2D {
  checkFloat('globalAveragePool', 'x', x, 4);
  return op({ x }, { height: x.shape[1], width: x.shape[2] })[0] as tf.Tensor2D;
}
