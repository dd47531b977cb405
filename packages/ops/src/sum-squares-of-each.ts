import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { composeSumSquares } from './optimizer-updates.js';
import { sumSquaresOfEachTensorFlow } from './tensorflow/optimizer-updates.js';
import { sumSquaresOfEachWasm } from './wasm/optimizer-updates.js';
import { sumSquaresOfEachWebGpu } from './webgpu/sum-squares-of-each.js';

const op = /* @__PURE__ */ defineOp<{ [index: string]: tf.Tensor }, object>({
  name: 'UnitsphereSumSquaresOfEach',
  compose: (tensors) => tf.stack(Object.values(tensors).map(composeSumSquares)),
  kernels: {
    wasm: sumSquaresOfEachWasm,
    webgpu: sumSquaresOfEachWebGpu,
    tensorflow: sumSquaresOfEachTensorFlow,
  },
});

/**
 * Computes the sum of the squares of each tensor, for the norm of all gradients of a network. On WebGPU, one dispatch sums several
 * tensors. It has no gradient.
 * @param tensors float32, any shapes; at least one.
 * @returns float32 [tensors.length].
 * @throws Error if there is no tensor, or on a wrong dtype.
 */
export function sumSquaresOfEach(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  if (tensors.length === 0) throw new Error('sumSquaresOfEach: tensors is empty; pass at least one.');
  tensors.forEach((tensor, i) => {
    checkFloat('sumSquaresOfEach', `tensors[${i}]`, tensor, undefined, true);
  });
  return op(Object.fromEntries(tensors.map((tensor, i) => [`${i}`, tensor])), {})[0] as tf.Tensor1D;
}
