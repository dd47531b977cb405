import type * as tf from '@tensorflow/tfjs-core';
import { type MatmulPrecision, significandBits } from '../precision/matmul-precision.js';
import { offset, type Pointer } from './pointer.js';
import type { WasmRuntime } from './runtime.js';

/**
 * Calls fn with the addresses of a product's two inputs, or of copies rounded to its precision. If the processor multiplies
 * bfloat16, the inputs are those given, and fn's product must round them.
 */
export function withOperands(
  runtime: WasmRuntime,
  precision: MatmulPrecision,
  [a, b]: [tf.Tensor, tf.Tensor],
  fn: (a: Pointer, b: Pointer, bfloat16: boolean) => void,
): void {
  const bits = significandBits(precision);
  const bfloat16 = precision === 'medium' && runtime.hasBfloat16;
  if (bits === null || bfloat16) {
    fn(runtime.pointer(a), runtime.pointer(b), bfloat16);
    return;
  }
  runtime.withScratch(4 * (a.size + b.size), (first) => {
    const second = offset(first, 4 * a.size);
    runtime.kernels.round(runtime.pointer(a), a.size, bits, first);
    runtime.kernels.round(runtime.pointer(b), b.size, bits, second);
    fn(first, second, false);
  });
}
