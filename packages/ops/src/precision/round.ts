import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from '../check.js';
import { defineOp } from '../define-op.js';
import { roundTensorFlow } from '../tensorflow/round.js';
import { roundWasm } from '../wasm/round.js';
import { roundWebGpu } from '../webgpu/round.js';
import { roundValues, type SignificandBits } from './round-values.js';

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, { bits: SignificandBits }>({
  name: 'UnitsphereRound',
  // Stock operations cannot reach a float's bits: the values go through the host's memory.
  compose: ({ x }, { bits }) => tf.tensor(roundValues(x.dataSync() as Float32Array, bits), x.shape),
  gradient: ([dy]) => ({ x: () => tf.clone(dy) }),
  kernels: { wasm: roundWasm, webgpu: roundWebGpu, tensorflow: roundTensorFlow },
});

/** x with so many stored bits of significand. */
export function roundTo<T extends tf.Tensor>(x: T, bits: SignificandBits): T {
  return op({ x }, { bits })[0] as T;
}

/**
 * Each value rounded to bfloat16 (8 bits of significand, float32's range) and kept as float32: to the nearest, ties to
 * even, bit for bit as PyTorch's `x.to(torch.bfloat16).float()`; NaN is the quiet NaN. The gradient passes straight
 * through, unrounded (Bengio et al., 2013, arXiv:1308.3432).
 * @param x float32, any shape.
 * @returns As x.
 * @throws Error on a wrong dtype.
 */
export function roundToBfloat16<T extends tf.Tensor>(x: T): T {
  checkFloat('roundToBfloat16', 'x', x);
  return roundTo(x, 7);
}

/**
 * Each value rounded to TensorFloat-32 (11 bits of significand, float32's range) and kept as float32: to the nearest, ties
 * to even. NVIDIA's converter rounds ties away from zero. The gradient passes straight through.
 * @param x float32, any shape.
 * @returns As x.
 * @throws Error on a wrong dtype.
 */
export function roundToTensorFloat32<T extends tf.Tensor>(x: T): T {
  checkFloat('roundToTensorFloat32', 'x', x);
  return roundTo(x, 10);
}
