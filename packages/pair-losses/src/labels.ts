import * as tf from '@tensorflow/tfjs-core';

/**
 * The class of each row: int32 [batch], any integers.
 *
 * Pairs are formed on the host, so a tensor is read synchronously. The WebGPU backend has no synchronous reads: pass an
 * Int32Array there.
 */
export type Labels = tf.Tensor1D | Int32Array;

/**
 * Returns the labels on the host.
 * @throws TypeError for a wrong type, rank or dtype; RangeError if their number is not `rows`.
 */
export function readLabels(title: string, name: string, labels: Labels, rows: number): Int32Array {
  const values = labels instanceof Int32Array ? labels : readTensor(title, name, labels);
  if (values.length !== rows) {
    throw new RangeError(
      `${title}: ${rows} rows came with ${values.length} ${name}; pass one label per row.`,
    );
  }
  return values;
}

/** @throws RangeError if a label is outside [0, classes). */
export function checkLabelRange(title: string, labels: Int32Array, classes: number): void {
  const row = labels.findIndex((label) => label < 0 || label >= classes);
  if (row >= 0) {
    throw new RangeError(
      `${title}: the label of row ${row} is ${labels[row]}, but there are ${classes} classes: use 0 to ${classes - 1}.`,
    );
  }
}

function readTensor(title: string, name: string, labels: tf.Tensor1D): Int32Array {
  if (!(labels instanceof tf.Tensor) || labels.rank !== 1 || labels.dtype !== 'int32') {
    throw new TypeError(`${title}: ${name} must be an Int32Array or an int32 tensor [batch].`);
  }
  if (tf.getBackend() === 'webgpu') {
    throw new TypeError(`${title}: WebGPU cannot read ${name} synchronously; pass an Int32Array.`);
  }
  return labels.dataSync<'int32'>();
}
