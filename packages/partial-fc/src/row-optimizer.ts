import type * as tf from '@tensorflow/tfjs-core';
import type { HostRows, RowsInPlace, RowTables } from './center-store.js';

/** What becomes of a row in a step that does not sample it. */
export type Unsampled = 'frozen' | 'caught-up';

/** One step's numbers. */
export interface RowStep {
  /** Learning rate. */
  lr: number;
  /** Multiplies the gradient first. */
  gradientScale: number;
  /** How many updates each row will have had, counted from 1. */
  counts: Int32Array;
  /** The head's step, counted from 1. */
  step: number;
}

/** An optimizer whose state is kept by row, and touched only with its row. */
export interface RowOptimizer {
  /** The names of its tables, as in torch. */
  readonly stateNames: readonly string[];
  /** Which rule unsampled rows follow. */
  readonly unsampled: Unsampled;
  /** Updates the rows of tables with their gradient, float32 [n, dimensions]. A step may be many calls, each with other rows. */
  update(rows: RowTables, gradient: tf.Tensor2D, step: RowStep): void;
  /**
   * update() of rows where a store keeps them, to the same outcome. Where it is absent they go to the backend and back.
   * @param gradient float32 [any, dimensions]; the first of the rows has its row `from`.
   */
  updateInPlace?(rows: RowsInPlace, gradient: tf.Tensor2D, from: number, step: RowStep): Promise<void>;
  /**
   * Does to rows what the steps since their last one would have done with a gradient of 0, up to and with `step`.
   * @param rates The learning rate of every step so far; that of step s at s − 1.
   */
  catchUp(rows: HostRows, step: number, rates: ArrayLike<number>): void;
}

/** Throws unless value is a finite number of at least 0. */
export function checkNotNegative(name: string, value: number): number {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`${name} must be a finite number of at least 0, but it is ${value}.`);
  }
  return value;
}

/** Throws unless value is in [0, 1). */
export function checkFraction(name: string, value: number): number {
  if (!(value >= 0 && value < 1)) throw new RangeError(`${name} must be in [0, 1), but it is ${value}.`);
  return value;
}

/** Throws unless value is one of the choices. */
export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (!choices.includes(value)) {
    throw new RangeError(
      `${name} must be ${choices.map((c) => `'${c}'`).join(' or ')}, but it is '${value}'.`,
    );
  }
  return value;
}
