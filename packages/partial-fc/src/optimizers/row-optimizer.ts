import type * as tf from '@tensorflow/tfjs-core';
import type { HostRows, RowsInPlace, RowTables } from '../stores/center-store.js';

/** Treatment of a row in steps that do not sample it: left as it is, or updated as by a dense optimizer. */
export type Unsampled = 'frozen' | 'caught-up';

/** Numbers of one step. */
export interface RowStep {
  /** Learning rate. */
  lr: number;
  /** Factor of the gradient, applied first. */
  gradientScale: number;
  /** Number of updates of each row, this one included. */
  counts: Int32Array;
  /** Number of the step, counted from 1. */
  step: number;
}

/** Optimizer that keeps its state per row and changes it only together with the row. */
export interface RowOptimizer {
  /** Names of the state tables, as in torch. */
  readonly stateNames: readonly string[];
  /** Treatment of unsampled rows. */
  readonly unsampled: Unsampled;
  /** Updates rows with their gradient, float32 [n, dimensions]. One step may take several calls with different rows. */
  update(rows: RowTables, gradient: tf.Tensor2D, step: RowStep): void;
  /**
   * Like `update`, in the memory of a store and with the same result. If it is absent, rows are transferred to the backend
   * and back.
   * @param gradient float32 [any, dimensions]. Its row `from` belongs to the first of the rows.
   */
  updateInPlace?(rows: RowsInPlace, gradient: tf.Tensor2D, from: number, step: RowStep): Promise<void>;
  /**
   * Applies to each row the steps since its last one, up to and including `step`, with a gradient of 0.
   * @param rates Learning rate of each step; that of step s is at index s − 1.
   */
  catchUp(rows: HostRows, step: number, rates: ArrayLike<number>): void;
}

/** Returns the value. @throws RangeError unless it is finite and non-negative. */
export function checkNotNegative(name: string, value: number): number {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`${name} must be finite and non-negative, but it is ${value}.`);
  }
  return value;
}

/** Returns the value. @throws RangeError unless it is in [0, 1). */
export function checkFraction(name: string, value: number): number {
  if (!(value >= 0 && value < 1)) throw new RangeError(`${name} must be in [0, 1), but it is ${value}.`);
  return value;
}

/** Returns the value. @throws RangeError unless it is one of the choices. */
export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (!choices.includes(value)) {
    throw new RangeError(
      `${name} must be ${choices.map((c) => `'${c}'`).join(' or ')}, but it is '${value}'.`,
    );
  }
  return value;
}
