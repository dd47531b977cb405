import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { countNonFiniteWasm } from './wasm/count-non-finite.js';
import { countNonFiniteWebGpu } from './webgpu/count-non-finite.js';

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitsphereCountNonFinite',
  compose: ({ x }) => tf.sum(tf.cast(tf.logicalNot(tf.isFinite(x)), 'int32')),
  kernels: { wasm: countNonFiniteWasm, webgpu: countNonFiniteWebGpu },
});

/**
 * Counts the values that are infinite or NaN. It has no gradient.
 * @param x float32, any shape, possibly empty.
 * @returns int32 scalar.
 * @throws Error on a wrong dtype.
 */
export function countNonFinite(x: tf.Tensor): tf.Scalar {
  checkFloat('countNonFinite', 'x', x, undefined, true);
  return x.size === 0 ? tf.scalar(0, 'int32') : (op({ x }, {})[0] as tf.Scalar);
}
