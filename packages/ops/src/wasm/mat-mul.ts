import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { MatMulAttrs } from '../mat-mul-attrs.js';
import { withOperands } from './operands.js';
import { wasmRuntime } from './runtime.js';

export const matMulWasm: Kernel<{ a: tf.Tensor2D; b: tf.Tensor2D }, MatMulAttrs> = ({
  inputs: { a, b },
  attrs: { transposeA, transposeB, precision },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const n = transposeB ? b.shape[0] : b.shape[1];
  const c = runtime.output([m, n]);
  withOperands(runtime, precision, [a, b], (aAt, bAt, bfloat16) =>
    runtime.gemm(transposeA, transposeB, m, n, k, aAt, bAt, runtime.pointer(c), {
      ordered: precision !== 'highest',
      bfloat16,
    }),
  );
  return c;
};
