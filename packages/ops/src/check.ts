import type * as tf from '@tensorflow/tfjs-core';

/** Throws unless x is a float32 tensor of the given rank. Also throws if x is empty, unless allowed: stock kernels fail on empty tensors. */
export function checkFloat(op: string, name: string, x: tf.Tensor, rank?: number, allowEmpty = false): void {
  if (rank !== undefined && x.rank !== rank) {
    throw new Error(`${op}: ${name} must have ${rank} dimensions, but its shape is [${x.shape}].`);
  }
  if (x.dtype !== 'float32') throw new Error(`${op}: ${name} must be float32, not ${x.dtype}.`);
  if (x.size === 0 && !allowEmpty) {
    throw new Error(`${op}: ${name} is empty: its shape is [${x.shape}]. Skip empty batches.`);
  }
}

/** Throws unless x is a float32 vector of `count` channels. */
export function checkChannels(op: string, name: string, x: tf.Tensor, count: number): void {
  checkFloat(op, name, x, 1);
  if (x.shape[0] !== count) {
    throw new Error(`${op}: ${name} has ${x.shape[0]} values, but there are ${count} channels.`);
  }
}

/** Throws unless the two sizes are equal. */
export function checkEqual(op: string, what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${op}: ${what} is ${actual}, but ${expected} was expected.`);
}

/** Returns the number of rows of a tensor viewed as [rows, channels]. */
export function rowsOf(x: { shape: number[] }): number {
  return x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
}
