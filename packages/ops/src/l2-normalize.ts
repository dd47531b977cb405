import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { matMulWith } from './mat-mul.js';
import { l2NormalizeGradWasm, l2NormalizeWasm } from './wasm/l2-normalize.js';
import { l2NormalizeGradWebGpu, l2NormalizeWebGpu } from './webgpu/l2-normalize.js';

/** Returns the length of each row, [rows, 1]. tf.norm raises each value to a power, which is slow. */
const rowNorms = (x: tf.Tensor2D) => tf.sqrt(tf.sum(tf.square(x), 1, true));

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor2D; dy: tf.Tensor2D }, { epsilon: number }>({
  name: 'UnitsphereL2NormalizeGrad',
  compose: ({ x, dy }, { epsilon }) => {
    const norm = rowNorms(x);
    const inverse = tf.div(1, tf.maximum(norm, epsilon));
    const along = tf.mul(tf.sum(tf.mul(x, dy), 1, true), tf.square(inverse));
    const projected = tf.sub(dy, tf.mul(x, tf.mul(along, tf.cast(tf.greater(norm, epsilon), 'float32'))));
    return tf.mul(projected, inverse);
  },
  kernels: { wasm: l2NormalizeGradWasm, webgpu: l2NormalizeGradWebGpu },
});

const op = /* @__PURE__ */ defineOp<{ x: tf.Tensor2D }, { epsilon: number }>({
  name: 'UnitsphereL2Normalize',
  compose: ({ x }, { epsilon }) => tf.div(x, tf.maximum(rowNorms(x), epsilon)),
  inputsToSave: ['x'],
  gradient: ([dy], [x], attrs) => ({
    x: () => gradOp({ x: x as tf.Tensor2D, dy: dy as tf.Tensor2D }, attrs)[0],
  }),
  kernels: { wasm: l2NormalizeWasm, webgpu: l2NormalizeWebGpu },
});

/**
 * Scales each row to unit length: x / max(|x|, epsilon), as torch.nn.functional.normalize.
 * @param x float32 [rows, dimensions].
 * @param epsilon Smallest norm divided by. Default 1e-12.
 * @returns A tensor of x's shape.
 * @throws Error on a wrong rank or dtype.
 */
export function l2Normalize(x: tf.Tensor2D, epsilon = 1e-12): tf.Tensor2D {
  checkFloat('l2Normalize', 'x', x, 2);
  return op({ x }, { epsilon })[0] as tf.Tensor2D;
}

/**
 * Computes the gradient of l2Normalize without a tape.
 * @param x float32 [rows, dimensions]: input of l2Normalize.
 * @param dy float32 [rows, dimensions]: gradient with respect to its output.
 * @param epsilon Smallest norm divided by. Default 1e-12.
 * @returns float32 [rows, dimensions]: gradient with respect to x.
 * @throws Error on a wrong rank or dtype, or if the sizes differ.
 */
export function l2NormalizeGradient(x: tf.Tensor2D, dy: tf.Tensor2D, epsilon = 1e-12): tf.Tensor2D {
  checkFloat('l2NormalizeGradient', 'x', x, 2);
  checkFloat('l2NormalizeGradient', 'dy', dy, 2);
  checkEqual('l2NormalizeGradient', "dy's row count", dy.shape[0], x.shape[0]);
  checkEqual('l2NormalizeGradient', "dy's dimensions", dy.shape[1], x.shape[1]);
  return gradOp({ x, dy }, { epsilon })[0] as tf.Tensor2D;
}

/**
 * Computes the cosine of every embedding with every class center; both are normalized first. The product is always float32;
 * setFloat32MatmulPrecision does not apply.
 * @param embeddings float32 [batch, dimensions].
 * @param classCenters float32 [classes, dimensions].
 * @returns float32 [batch, classes], in [−1, 1] up to rounding.
 * @throws Error on a wrong rank or dtype, or if the dimensions differ.
 */
export function cosineLogits(embeddings: tf.Tensor2D, classCenters: tf.Tensor2D): tf.Tensor2D {
  const [rows, centers] = [l2Normalize(embeddings), l2Normalize(classCenters)];
  checkEqual('cosineLogits', "the class centers' number of dimensions", centers.shape[1], rows.shape[1]);
  return matMulWith('highest', rows, centers, false, true);
}
