import * as tf from '@tensorflow/tfjs-core';
import { isOnHost, viewOf } from '../host/heap.js';

/** Gathers rows of a matrix, on the tape. The gradient sums those of repeated rows. */
export function gatherRows(x: tf.Tensor2D, rows: Int32Array): tf.Tensor2D {
  const run = tf.customGrad(((x: tf.Tensor2D) => ({
    value: takeRows(x, rows),
    gradFunc: (dy: tf.Tensor2D) => tf.tidy(() => scatterRows(dy, rows, x.shape[0])),
  })) as unknown as Parameters<typeof tf.customGrad>[0]);
  return run(x) as tf.Tensor2D;
}

/** Gathers rows of a matrix, on the host where that is possible: the stock gather of WebAssembly copies single values. */
export function takeRows(x: tf.Tensor2D, rows: Int32Array): tf.Tensor2D {
  if (!isOnHost()) return tf.gather(x, tf.tensor1d(rows, 'int32'));
  const width = x.shape[1];
  const from = viewOf(x);
  const taken = new Float32Array(rows.length * width);
  for (const [k, row] of rows.entries()) taken.set(from.subarray(row * width, (row + 1) * width), k * width);
  return tf.tensor2d(taken, [rows.length, width]);
}

/** Adds each row of x to row rows[i] of a matrix of zeros with `count` rows. */
export function scatterRows(x: tf.Tensor2D, rows: Int32Array, count: number): tf.Tensor2D {
  const width = x.shape[1];
  if (!isOnHost()) {
    return tf.scatterND(tf.tensor2d(rows, [rows.length, 1], 'int32'), x, [count, width]) as tf.Tensor2D;
  }
  const from = viewOf(x);
  const sums = new Float32Array(count * width);
  for (let k = 0, at = 0; k < rows.length; k++) {
    const to = rows[k] * width;
    for (let i = 0; i < width; i++, at++) sums[to + i] += from[at];
  }
  return tf.tensor2d(sums, [count, width]);
}
