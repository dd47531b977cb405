import * as tf from '@tensorflow/tfjs-core';

// Equals KB in assembly/gemm.ts.
const BLOCK = 256;

/**
 * Multiplies a and b, each as given or transposed, in the host's memory. Sums are float32 and run along k in blocks of 256,
 * whose sums are added in order, as in the WebAssembly kernel. Inputs have at most 12 bits of significand, so their products are
 * exact with or without fused multiply-add: the results are bit-identical to the kernel's.
 */
export function orderedProduct(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor2D {
  const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const n = transposeB ? b.shape[0] : b.shape[1];
  const [rows, columns] = [a.dataSync(), b.dataSync()] as [Float32Array, Float32Array];
  const [rowStep, rowNext] = transposeA ? [1, m] : [k, 1];
  const [columnStep, columnNext] = transposeB ? [k, 1] : [1, n];
  const out = new Float32Array(m * n);
  const sums = new Float32Array(n);
  for (let i = 0; i < m; i++) {
    for (let start = 0; start < k; start += BLOCK) {
      sums.fill(0);
      for (let p = start; p < Math.min(k, start + BLOCK); p++) {
        const value = rows[i * rowStep + p * rowNext];
        // float64 holds the product and the sum; storing rounds once, as float32 arithmetic does (Figueroa, 1995).
        for (let j = 0, at = p * columnNext; j < n; j++, at += columnStep) sums[j] += value * columns[at];
      }
      for (let j = 0; j < n; j++) out[i * n + j] = start === 0 ? sums[j] : out[i * n + j] + sums[j];
    }
  }
  return tf.tensor2d(out, [m, n], 'float32');
}
