import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const matMulWasm: Kernel<
  { a: tf.Tensor2D; b: tf.Tensor2D },
  { transposeA: boolean; transposeB: boolean }
> = ({ inputs: { a, b }, attrs: { transposeA, transposeB }, backend }) => {
  const runtime = wasmRuntime(backend);
  const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const n = transposeB ? b.shape[0] : b.shape[1];
  const c = runtime.output([m, n]);
  runtime.gemm(transposeA, transposeB, m, n, k, runtime.pointer(a), runtime.pointer(b), runtime.pointer(c));
  return c;
};
