import * as tf from '@tensorflow/tfjs-core';
import { viewOf } from './heap.js';

/** Multiplies two float32 matrices, each as given or transposed. */
export type MatMul = (
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA?: boolean,
  transposeB?: boolean,
) => tf.Tensor2D;

let chosen: MatMul | undefined;

/**
 * Sets the matrix product of the losses on backends whose memory the host can read (`wasm` and `cpu`). `matMul` of
 * @unitsphere/ops has SIMD kernels for transposed operands and keeps no packed copies, unlike the stock product; a cross-batch
 * memory is then updated in place. Call it once, before the first loss.
 * @param matMul The product, or undefined for `tf.matMul`.
 */
export function setMatMul(matMul: MatMul | undefined): void {
  chosen = matMul;
}

/** Returns whether a matrix may change after it was an operand: the stock WebAssembly product caches packed operands. */
export function mayChangeOperands(): boolean {
  return chosen !== undefined || tf.getBackend() === 'cpu';
}

/** Multiplies matrices. */
export function multiply(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA = false,
  transposeB = false,
): tf.Tensor2D {
  if (chosen) return chosen(a, b, transposeA, transposeB);
  if (tf.getBackend() !== 'wasm') return tf.matMul(a, b, transposeA, transposeB);
  // The stock product is slow with transposed operands.
  const [left, right] = [transposeA ? transpose(a) : a, transposeB ? transpose(b) : b];
  const result: tf.Tensor2D = tf.matMul(left, right);
  if (transposeA) left.dispose();
  if (transposeB) right.dispose();
  return result;
}

function transpose(x: tf.Tensor2D): tf.Tensor2D {
  const TILE = 32;
  const [rows, columns] = x.shape;
  const from = viewOf(x);
  const to = new Float32Array(from.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++)
          to[column * rows + row] = from[row * columns + column];
      }
    }
  }
  return tf.tensor2d(to, [columns, rows]);
}
