import type * as tf from '@tensorflow/tfjs-core';
import { type MatmulPrecision, significandBits } from '../precision/matmul-precision.js';
import type { WasmRuntime } from './runtime.js';

/** Runs fn with the addresses of a product's two inputs, or of copies that are rounded as its precision wants them. */
export function withOperands(
  runtime: WasmRuntime,
  precision: MatmulPrecision,
  [a, b]: [tf.Tensor, tf.Tensor],
  fn: (a: number, b: number) => void,
): void {
  const bits = significandBits(precision);
  if (bits === null) {
    fn(runtime.pointer(a), runtime.pointer(b));
    return;
  }
  runtime.withScratch(4 * (a.size + b.size), (first) => {
    const second = first + 4 * a.size;
    runtime.kernels.round(runtime.pointer(a), a.size, bits, first);
    runtime.kernels.round(runtime.pointer(b), b.size, bits, second);
    fn(first, second);
  });
}
