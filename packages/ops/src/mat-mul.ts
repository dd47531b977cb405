import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import type { MatMulAttrs } from './mat-mul-attrs.js';
import type { MatmulPrecision } from './precision/matmul-precision.js';
import { orderedProduct } from './precision/ordered-product.js';
import { asInput, runProduct } from './precision/product.js';
import { matMulWasm } from './wasm/mat-mul.js';
import { matMulWebGpu } from './webgpu/mat-mul.js';

const op: (inputs: { a: tf.Tensor2D; b: tf.Tensor2D }, attrs: MatMulAttrs) => tf.Tensor[] =
  /* @__PURE__ */ defineOp({
    name: 'UnitsphereMatMul',
    compose: ({ a, b }: { a: tf.Tensor2D; b: tf.Tensor2D }, attrs: MatMulAttrs) => {
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
    multiplyAdds: ({ a }: { a: tf.Tensor2D }, [y]: tf.Tensor[], { transposeA }: MatMulAttrs) =>
      y.size * a.shape[transposeA ? 0 : 1],
    kernels: { wasm: matMulWasm, webgpu: matMulWebGpu },
  });

/** Multiplies checked matrices with a given precision. */
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
 * Multiplies a and b, each as given or transposed, with the precision of setFloat32MatmulPrecision.
 * @param a float32 [m, k], or [k, m] if transposeA.
 * @param b float32 [k, n], or [n, k] if transposeB.
 * @returns float32 [m, n].
 * @throws Error on a wrong rank or dtype, or if the inner sizes differ.
 */
export function matMul(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  checkFloat('matMul', 'a', a, 2);
  checkFloat('matMul', 'b', b, 2);
  checkEqual('matMul', "b's inner size", b.shape[transposeB ? 1 : 0], a.shape[transposeA ? 0 : 1]);
  return runProduct('matMul', (precision) => matMulWith(precision, a, b, transposeA, transposeB));
}
