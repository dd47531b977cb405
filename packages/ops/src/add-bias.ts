import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { addBiasTensorFlow, columnSumsTensorFlow } from './tensorflow/add-bias.js';
import { addBiasWasm, columnSumsWasm } from './wasm/channels.js';
import { addBiasWebGpu, columnSumsWebGpu } from './webgpu/add-bias.js';

const columnSumsOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitsphereColumnSums',
  compose: ({ x }) => tf.sum(tf.reshape(x, [-1, x.shape[x.rank - 1]]), 0),
  kernels: { wasm: columnSumsWasm, webgpu: columnSumsWebGpu, tensorflow: columnSumsTensorFlow },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor; bias: tf.Tensor1D }, object>({
  name: 'UnitsphereAddBias',
  compose: ({ x, bias }) => tf.add(x, bias),
  gradient: ([dy]) => ({ x: () => tf.clone(dy), bias: () => columnSumsOp({ x: dy }, {})[0] }),
  kernels: { wasm: addBiasWasm, webgpu: addBiasWebGpu, tensorflow: addBiasTensorFlow },
});

/**
 * Adds a bias along the last axis.
 * @param x float32 [..., channels].
 * @param bias float32 [channels].
 * @returns A tensor of x's shape.
 * @throws Error on a wrong rank or dtype, or if the channel counts differ.
 */
export function addBias<T extends tf.Tensor>(x: T, bias: tf.Tensor1D): T {
  checkFloat('addBias', 'x', x);
  checkFloat('addBias', 'bias', bias, 1);
  checkEqual('addBias', "bias's length", bias.shape[0], x.shape[x.rank - 1]);
  return op({ x, bias }, {})[0] as T;
}
