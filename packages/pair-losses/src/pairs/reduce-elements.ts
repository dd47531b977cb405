import * as tf from '@tensorflow/tfjs-core';
import type { Reducer } from '../reducers/reducer.js';

/** The losses of one kind of elements in a block of rows. */
export interface ElementLosses {
  /** float32 [rows], [rows, columns], or [elements] with `rows`. */
  losses: tf.Tensor;
  /** float32 of the same shape: how often each element counts. Default: once. */
  times?: tf.Tensor;
  /** The row of each element, counted from the block's first row, if `losses` is a list of elements. */
  rows?: Int32Array;
  /** A scalar: this block's part of the divisor that the loss defines. Default: the number of elements. */
  divisor?: tf.Tensor;
}

/** The losses of a block of rows. */
export interface BlockLosses {
  parts: readonly ElementLosses[];
  /**
   * Maps the gradients of each part's losses to the gradient of the distance matrix and of the loss's parameters.
   * @param upstream One tensor per part, of the shape of its losses.
   */
  pullback(upstream: readonly tf.Tensor[]): { matrix: tf.Tensor2D; parameters?: tf.Tensor[] };
}

/** Computes Σ weight · loss, the divisor, and the weights, of one part in one block. */
export function weighElements(
  part: ElementLosses,
  rowWeights: Float32Array,
  reducer: Reducer,
  start: number,
) {
  const { losses, times } = part;
  const rows = part.rows
    ? Float32Array.from(part.rows, (row) => rowWeights[start + row])
    : rowWeights.subarray(start, start + losses.shape[0]);
  const shape = part.rows || losses.rank === 1 ? [rows.length] : [rows.length, 1];
  const kept = reducer.range && isBetween(losses, reducer.range);
  const counted = kept && times ? tf.mul(kept, times) : (kept ?? times ?? tf.onesLike(losses));
  const weights = tf.mul(counted, tf.tensor(rows, shape));
  let divisor: tf.Tensor | undefined;
  if (reducer.divisor === 'kept') divisor = tf.sum(counted);
  else if (reducer.divisor === 'loss') divisor = part.divisor ?? tf.sum(counted);
  return { sum: tf.sum(tf.mul(losses, weights)), divisor, weights };
}

/** Returns 1 for the losses in (low, high) and 0 for the others; 1 for NaN. */
function isBetween(losses: tf.Tensor, { low, high }: NonNullable<Reducer['range']>): tf.Tensor {
  const dropped = [
    ...(low === undefined ? [] : [tf.lessEqual(losses, low)]),
    ...(high === undefined ? [] : [tf.greaterEqual(losses, high)]),
  ].map((x) => tf.cast(x, 'float32'));
  // No loss is below one limit and above the other.
  return tf.sub(1, dropped.length > 0 ? tf.addN(dropped) : tf.zerosLike(losses));
}
