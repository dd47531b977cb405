import type * as tf from '@tensorflow/tfjs-core';
import type { Distance } from '../distances/distance.js';
import type { FirstPartSum } from '../host/first-part-sum.js';
import type { Kernel } from '../host/kernel.js';
import type { Reducer } from '../reducers/reducer.js';
import type { BlockLosses } from './reduce-elements.js';

/** How a loss is computed from the distance matrix, in blocks of rows. */
export interface LossPlan {
  /** The number of elements per row of each part of the loss. The parts are reduced on their own and added. */
  counts: readonly Float64Array[];
  /** The divisor that the loss defines for each part, if it is known before the losses are. */
  divisors?: readonly number[];
  /** The entries whose gradient is the first part's. The others' is the second part's. Default: an entry may be in both parts. */
  firstPart?: {
    /** Returns the columns of a row. */
    columnsOf(row: number): Int32Array;
    /** Creates the sum of the entries' gradients, apart from that of the others. */
    createSum(...sides: ConstructorParameters<typeof FirstPartSum>): FirstPartSum;
  };
  /**
   * Whether entries (i, j) and (j, i) have the same gradient if rows are compared with each other and the reducer weighs all alike.
   * Default false.
   */
  isSymmetric?: boolean;
  /** Computes the losses of rows [start, start + matrix rows). */
  block(matrix: tf.Tensor2D, start: number, parameters: readonly tf.Tensor[]): BlockLosses;
  /** Number of values per entry of the distance matrix that `block` computes. Default 1. */
  valuesPerEntry?: number;
  /** Number of further values that `block` computes for a row. Default 0. */
  extraValues?(row: number): number;
  /** Whether rows [start, end) have no element; `block` is not called for them. Default: they have one. */
  isEmpty?(start: number, end: number): boolean;
  /** Whether `block` requires all rows at once. Default false. */
  isWhole?: boolean;
  /** Computes the same as `block` on the host, where the backend's memory can be read directly. */
  kernel?: Kernel;
}

/** Arguments of `computeLoss`. */
export interface LossInputs {
  query: tf.Tensor2D;
  /** Absent if the columns are the batch's own rows. */
  reference?: tf.Tensor2D;
  /** Whether the reference has no gradient; it is not among the inputs then. */
  constantReference?: boolean;
  parameters: readonly tf.Tensor[];
  labels: Int32Array;
  distance: Distance;
  reducer: Reducer;
  /** Maximum number of rows per block. */
  blockRows: number;
}
