import * as tf from '@tensorflow/tfjs-core';
import type { EuclideanPasses } from './euclidean-passes.js';
import { viewOf } from './heap.js';
import type { Prepared } from './prepared.js';
import { rowFunctions } from './rows.js';
import { addressOf } from './wasm-functions.js';

/** The gradient of the first part's few entries by the rows, apart from that of the others until its divisor is known. */
export class FirstPartSum {
  readonly #columns: Prepared;
  readonly #columnsOf: (row: number) => Int32Array;
  readonly #euclidean: EuclideanPasses | undefined;
  /** float32 [rows, width]. */
  readonly #gradient: tf.Tensor2D;
  readonly #rowSums: Float64Array;

  /** @param columnsOf Returns the part's columns of a row. */
  constructor(
    rows: Prepared,
    columns: Prepared,
    columnsOf: (row: number) => Int32Array,
    euclidean: EuclideanPasses | undefined,
  ) {
    this.#columns = columns;
    this.#columnsOf = columnsOf;
    this.#euclidean = euclidean;
    this.#gradient = tf.zeros(rows.tensor.shape);
    this.#rowSums = new Float64Array(rows.squares.length);
  }

  /** Adds the part's entries in a block of derivatives by inner products, and replaces them by 0. */
  take(matrix: Float32Array, start: number): void {
    const columns = this.#columns.squares.length;
    const width = this.#gradient.shape[1];
    const [gradient, vectors] = [viewOf(this.#gradient), viewOf(this.#columns.tensor)];
    const wasm = rowFunctions(gradient, vectors);
    const euclidean = this.#euclidean;
    const factors = euclidean?.factors;
    for (let row = start, from = 0; from < matrix.length; row++, from += columns) {
      const to = row * width;
      for (const column of this.#columnsOf(row)) {
        const g = matrix[from + column];
        if (g === 0) continue;
        matrix[from + column] = 0;
        const vector = column * width;
        if (wasm) wasm.addScaled(addressOf(gradient, to), addressOf(vectors, vector), width, g, 1);
        else for (let i = 0; i < width; i++) gradient[to + i] += g * vectors[vector + i];
        if (!euclidean || !factors) continue;
        const sum = -g / factors[column];
        this.#rowSums[row] += sum;
        euclidean.rowSums[row] -= sum;
      }
    }
  }

  /** Adds the gradient, times a factor, to that of the others. */
  addTo(gradient: tf.Tensor2D, factor: number): void {
    const [to, from] = [viewOf(gradient), viewOf(this.#gradient)];
    for (let i = 0; i < to.length; i++) to[i] += factor * from[i];
    this.#rowSums.forEach((sum, row) => {
      if (this.#euclidean) this.#euclidean.rowSums[row] += factor * sum;
    });
  }
}
