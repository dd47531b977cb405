import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import type { MatmulPrecision } from './precision/matmul-precision.js';
import { orderedProduct } from './precision/ordered-product.js';
import { asInput, product } from './precision/product.js';
import { addBiasWasm, columnSumsWasm } from './wasm/channels.js';
import { matMulWasm } from './wasm/mat-mul.js';
import { addBiasWebGpu, columnSumsWebGpu } from './webgpu/channels.js';
import { matMulWebGpu } from './webgpu/mat-mul.js';

export interface ProductAttrs {
  transposeA: boolean;
  transposeB: boolean;
  precision: MatmulPrecision;
}

const op: (inputs: { a: tf.Tensor2D; b: tf.Tensor2D }, attrs: ProductAttrs) => tf.Tensor[] =
  /* @__PURE__ */ defineOp({
    name: 'UnitsphereMatMul',
    compose: ({ a, b }: { a: tf.Tensor2D; b: tf.Tensor2D }, attrs: ProductAttrs) => {
      const { transposeA, transposeB, precision } = attrs;
      const [left, right] = [asInput(a, precision), asInput(b, precision)];
      const ordered = precision !== 'highest' && tf.getBackend() === 'cpu';
      return (ordered ? orderedProduct : tf.matMul)(left, right, transposeA, transposeB);
    },
    inputsToSave: ['a', 'b'],
    gradient: ([dyTensor], saved, { transposeA, transposeB, precision }) => {
      const dy = dyTensor as tf.Tensor2D;
      const [a, b] = saved as [tf.Tensor2D, tf.Tensor2D];
      return {
        a: () =>
          transposeA
            ? op({ a: b, b: dy }, { transposeA: transposeB, transposeB: true, precision })[0]
            : op({ a: dy, b }, { transposeA: false, transposeB: !transposeB, precision })[0],
        b: () =>
          transposeB
            ? op({ a: dy, b: a }, { transposeA: true, transposeB: transposeA, precision })[0]
            : op({ a, b: dy }, { transposeA: !transposeA, transposeB: false, precision })[0],
      };
    },
    multiplyAdds: ({ a }: { a: tf.Tensor2D }, [y]: tf.Tensor[], { transposeA }: ProductAttrs) =>
      y.size * a.shape[transposeA ? 0 : 1],
    kernels: { wasm: matMulWasm, webgpu: matMulWebGpu },
  });

/** The product of checked matrices with a precision of its own. */
export function matMulWith(
  precision: MatmulPrecision,
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA = false,
  transposeB = false,
): tf.Tensor2D {
  return op({ a, b }, { transposeA, transposeB, precision })[0] as tf.Tensor2D;
}

/**
 * The matrix product of a and b, each as given or transposed, with the precision of setFloat32MatmulPrecision.
 * @param a float32 [m, k], or [k, m] when transposeA.
 * @param b float32 [k, n], or [n, k] when transposeB.
 * @returns float32 [m, n].
 * @throws Error on a wrong rank or dtype, or when the inner sizes differ.
 */
export function matMul(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  checkFloat('matMul', 'a', a, 2);
  checkFloat('matMul', 'b', b, 2);
  checkEqual('matMul', "b's inner size", b.shape[transposeB ? 1 : 0], a.shape[transposeA ? 0 : 1]);
  return product('matMul', (precision) => matMulWith(precision, a, b, transposeA, transposeB));
}

/**
 * x · weightᵀ + bias, as torch.nn.functional.linear, the product with the precision of setFloat32MatmulPrecision.
 * @param x float32 [batch, inFeatures].
 * @param weight float32 [outFeatures, inFeatures], PyTorch's layout.
 * @param bias float32 [outFeatures], if there is one.
 * @returns float32 [batch, outFeatures].
 * @throws Error on a wrong rank or dtype, or when the feature counts differ.
 */
export function linear(x: tf.Tensor2D, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor2D {
  checkFloat('linear', 'x', x, 2);
  checkFloat('linear', 'weight', weight, 2);
  checkEqual('linear', 'the number of input features', x.shape[1], weight.shape[1]);
  const y = matMul(x, weight, false, true);
  return bias ? addBias(y, bias) : y;
}

const columnSumsOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitsphereColumnSums',
  compose: ({ x }) => tf.sum(tf.reshape(x, [-1, x.shape[x.rank - 1]]), 0),
  kernels: { wasm: columnSumsWasm, webgpu: columnSumsWebGpu },
});

const biasOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; bias: tf.Tensor1D }, object>({
  name: 'UnitsphereAddBias',
  compose: ({ x, bias }) => tf.add(x, bias),
  gradient: ([dy]) => ({ x: () => tf.clone(dy), bias: () => columnSumsOp({ x: dy }, {})[0] }),
  kernels: { wasm: addBiasWasm, webgpu: addBiasWebGpu },
});

/**
 * x + bias along the last axis.
 * @param x float32 [..., channels].
 * @param bias float32 [channels].
 * @throws Error when the channel counts differ.
 */
export function addBias<T extends tf.Tensor>(x: T, bias: tf.Tensor1D): T {
  checkFloat('addBias', 'x', x);
  checkFloat('addBias', 'bias', bias, 1);
  checkEqual('addBias', "bias's length", bias.shape[0], x.shape[x.rank - 1]);
  return biasOp({ x, bias }, {})[0] as T;
}
