import * as tf from '@tensorflow/tfjs-core';
import type { Labels } from './margin-loss.js';

/** The position of each row's label. */
export interface LabelColumn {
  /** int32 [batch, 2]: row and column; column 0 for a row whose label is not among these columns. */
  places: tf.Tensor2D;
  /** bool [batch]: whether the row's label is among these columns. */
  present: tf.Tensor1D;
}

// Backends whose tensors are in the host's memory.
const READABLE = ['cpu', 'wasm', 'tensorflow'];

/** Converts labels to positions in the cosine matrix. Checks their range where that requires no download. */
export function labelColumn(loss: string, labels: Labels, rows: number, classes: number): LabelColumn {
  checkShape(loss, labels, rows);
  if (labels instanceof Int32Array) return fromValues(loss, labels, classes);
  if (READABLE.includes(tf.getBackend())) return fromValues(loss, labels.dataSync<'int32'>(), classes);
  const present = tf.logicalAnd(
    tf.greaterEqual(labels, tf.scalar(0, 'int32')),
    tf.less(labels, tf.scalar(classes, 'int32')),
  ) as tf.Tensor1D;
  const columns = tf.where(present, labels, tf.zerosLike(labels));
  return { places: tf.stack([tf.range(0, rows, 1, 'int32'), columns], 1) as tf.Tensor2D, present };
}

function checkShape(loss: string, labels: Labels, rows: number): void {
  if (!(labels instanceof Int32Array)) {
    if (!(labels instanceof tf.Tensor)) {
      throw new TypeError(`${loss}: labels must be an Int32Array or an int32 tensor [batch].`);
    }
    if (labels.rank !== 1 || labels.dtype !== 'int32') {
      throw new TypeError(
        `${loss}: labels must be int32 [batch], but they are ${labels.dtype} of shape [${labels.shape}].`,
      );
    }
  }
  const count = labels instanceof Int32Array ? labels.length : labels.size;
  if (count !== rows) {
    throw new RangeError(
      `${loss}: ${rows} rows of cosines came with ${count} labels; pass one label per row.`,
    );
  }
}

function fromValues(loss: string, labels: Int32Array, classes: number): LabelColumn {
  const places = new Int32Array(2 * labels.length);
  const present = new Uint8Array(labels.length);
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row];
    if (label < -1 || label >= classes) {
      throw new RangeError(
        `${loss}: the label of row ${row} is ${label}, but there are ${classes} classes: ` +
          `use 0 to ${classes - 1}, or -1 if the row's class is not among these columns.`,
      );
    }
    places[2 * row] = row;
    if (label >= 0) {
      places[2 * row + 1] = label;
      present[row] = 1;
    }
  }
  return {
    places: tf.tensor2d(places, [labels.length, 2], 'int32'),
    present: tf.tensor1d(present, 'bool'),
  };
}
