import type * as tf from '@tensorflow/tfjs-core';
import { NotFiniteError } from '../errors.js';

/** @throws Error on a wrong shape or dtype of this rank's batch. */
export function checkBatch(embeddings: tf.Tensor2D, labels: Int32Array, dimensions: number): void {
  if (embeddings.rank !== 2 || embeddings.dtype !== 'float32' || embeddings.shape[1] !== dimensions) {
    throw new Error(
      `PartialFC: embeddings must be float32 [batch, ${dimensions}], but they are ${embeddings.dtype} [${embeddings.shape}].`,
    );
  }
  if (!(labels instanceof Int32Array)) throw new TypeError('PartialFC: labels must be an Int32Array.');
  if (labels.length !== embeddings.shape[0]) {
    throw new RangeError(
      `PartialFC: there are ${embeddings.shape[0]} embeddings, but ${labels.length} labels.`,
    );
  }
}

/**
 * Returns the error for a softmax that is not finite: names this rank's embedding if it is the cause.
 * @param row Name of the row whose softmax is not finite.
 */
export async function notFiniteError(embeddings: tf.Tensor2D, row: string): Promise<NotFiniteError> {
  const dimensions = embeddings.shape[1];
  const values = await embeddings.data();
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    return new NotFiniteError(
      `PartialFC: embedding ${Math.floor(at / dimensions)} is ${values[at]} at index ${at % dimensions}. Nothing was changed.`,
    );
  }
  return new NotFiniteError(
    `PartialFC: the softmax of ${row} is not finite, but this rank's embeddings are: ` +
      "another rank's embedding or a class center is not finite. Nothing was changed.",
  );
}
