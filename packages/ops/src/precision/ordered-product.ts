import * as tf from '@tensorflow/tfjs-core';

// As KB in assembly/gemm.ts.
const BLOCK = 256;

/**
 * a · b, each as given or transposed, on a backend whose values are in the host's memory: every sum runs along k in float32,
 * in blocks of 256 that are then added up, as in the WebAssembly kernel. Products of inputs with at most 12 bits of
 * significand are exact, with or without fused multiply-add, so that both give the same bits.
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
        // A double holds product and sum; storing rounds once, as float32 arithmetic would (Figueroa, 1995).
        for (let j = 0, at = p * columnNext; j < n; j++, at += columnStep) sums[j] += value * columns[at];
      }
      for (let j = 0; j < n; j++) out[i * n + j] = start === 0 ? sums[j] : out[i * n + j] + sums[j];
    }
  }
  return tf.tensor2d(out, [m, n], 'float32');
}
