import type * as tf from '@tensorflow/tfjs-core';
import { type MatmulPrecision, significandBits } from '../precision/matmul-precision.js';
import { offset, type Pointer } from './pointer.js';
import type { WasmRuntime } from './runtime.js';

/** Calls fn with the addresses of a product's two inputs, or of copies rounded to its precision. */
export function withOperands(
  runtime: WasmRuntime,
  precision: MatmulPrecision,
  [a, b]: [tf.Tensor, tf.Tensor],
  fn: (a: Pointer, b: Pointer) => void,
): void {
  const bits = significandBits(precision);
  if (bits === null) {
    fn(runtime.pointer(a), runtime.pointer(b));
    return;
  }
  runtime.withScratch(4 * (a.size + b.size), (first) => {
    const second = offset(first, 4 * a.size);
    runtime.kernels.round(runtime.pointer(a), a.size, bits, first);
    runtime.kernels.round(runtime.pointer(b), b.size, bits, second);
    fn(first, second);
  });
}
