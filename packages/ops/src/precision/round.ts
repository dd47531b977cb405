import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from '../check.js';
import { defineOp } from '../define-op.js';
import { roundTensorFlow } from '../tensorflow/round.js';
import { roundWasm } from '../wasm/round.js';
import { roundWebGpu } from '../webgpu/round.js';
import { roundValues, type SignificandBits } from './round-values.js';

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, { bits: SignificandBits }>({
  name: 'UnitsphereRound',
  // Stock operations have no access to a float's bits, so the values go through the host's memory.
  compose: ({ x }, { bits }) => tf.tensor(roundValues(x.dataSync() as Float32Array, bits), x.shape),
  gradient: ([dy]) => ({ x: () => tf.clone(dy) }),
  kernels: { wasm: roundWasm, webgpu: roundWebGpu, tensorflow: roundTensorFlow },
});

/** Rounds x to a number of stored bits of significand. */
export function roundTo<T extends tf.Tensor>(x: T, bits: SignificandBits): T {
  return op({ x }, { bits })[0] as T;
}

/**
 * Rounds each value to bfloat16 (8 bits of significand, float32's range) and keeps it as float32: to nearest, ties to even,
 * bit-identical to PyTorch's `x.to(torch.bfloat16).float()`. NaN becomes the quiet NaN. The gradient passes through unrounded
 * (straight-through estimator: Bengio et al., 2013, arXiv:1308.3432).
 * @param x float32, any shape.
 * @returns A tensor of x's shape.
 * @throws Error on a wrong dtype.
 */
export function roundToBfloat16<T extends tf.Tensor>(x: T): T {
  checkFloat('roundToBfloat16', 'x', x);
  return roundTo(x, 7);
}

/**
 * Rounds each value to TensorFloat-32 (11 bits of significand, float32's range) and keeps it as float32: to nearest, ties to
 * even. NVIDIA's conversion instead rounds ties away from zero. The gradient passes through unrounded.
 * @param x float32, any shape.
 * @returns A tensor of x's shape.
 * @throws Error on a wrong dtype.
 */
export function roundToTensorFloat32<T extends tf.Tensor>(x: T): T {
  checkFloat('roundToTensorFloat32', 'x', x);
  return roundTo(x, 10);
}
