import type * as tf from '@tensorflow/tfjs-core';
import { newMatrix, viewOf } from './heap.js';
import type { Prepared } from './prepared.js';
import { rowFunctions } from './rows.js';
import { addressOf, NULL_POINTER } from './wasm-functions.js';

/**
 * Turns inner products of prepared rows and columns into |q − r|^power and the derivatives by these into those by the inner
 * products, in place.
 */
export class EuclideanPasses {
  /** What each row receives of itself: the sum of the derivatives by half its squared distances. */
  readonly rowSums: Float64Array;
  readonly #rows: Prepared;
  readonly #power: number;
  /** float32 [1, columns] each, in the backend's memory: |r|², the factor of a column, and what it receives of itself. */
  readonly #squares: tf.Tensor2D;
  readonly #factors: tf.Tensor2D;
  readonly #columnSums: tf.Tensor2D | undefined;

  /** @param sumsColumns Whether to compute `columnSums`. */
  constructor(rows: Prepared, columns: Prepared, power: number, sumsColumns: boolean) {
    const { squares, scale } = columns;
    this.#rows = rows;
    this.#power = power;
    this.rowSums = new Float64Array(rows.squares.length);
    const create = () => newMatrix(1, squares.length);
    this.#squares = create();
    this.#factors = create();
    this.#columnSums = sumsColumns ? create() : undefined;
    viewOf(this.#squares).set(squares);
    if (scale) viewOf(this.#factors).set(scale);
    else viewOf(this.#factors).fill(1);
    if (this.#columnSums) viewOf(this.#columnSums).fill(0);
  }

  /** What each column receives of itself; undefined if it is not computed. */
  get columnSums(): Float32Array | undefined {
    return this.#columnSums && viewOf(this.#columnSums);
  }

  /** The factor of each column in the products. */
  get factors(): Float32Array {
    return viewOf(this.#factors);
  }

  /**
   * Turns inner products into distances. Rounding errors become exactly 0, as in `squaredDistances`.
   * @param start The batch's row of the first row.
   */
  toDistances(matrix: Float32Array, start: number): void {
    const [squares, factors] = [viewOf(this.#squares), this.factors];
    const columns = squares.length;
    const rows = matrix.length / columns;
    const power = this.#power;
    const wasm = rowFunctions(matrix, squares, factors);
    for (let row = 0, at = 0; row < rows; row++) {
      const own = this.#rows.squares[start + row];
      if (wasm) {
        const address = addressOf(matrix, row * columns);
        wasm.distances(address, columns, own, addressOf(squares), addressOf(factors), +(power === 1));
        continue;
      }
      for (let column = 0; column < columns; column++, at++) {
        const size = own + squares[column];
        const square = size - 2 * factors[column] * matrix[at];
        // A NaN stays, because it is not small either.
        matrix[at] = square <= size * 1e-6 ? 0 : square;
      }
    }
    if (power === 2 || (power === 1 && wasm)) return;
    if (power === 1) for (let at = 0; at < matrix.length; at++) matrix[at] = Math.sqrt(matrix[at]);
    else for (let at = 0; at < matrix.length; at++) matrix[at] **= power / 2;
  }

  /**
   * Turns derivatives by distances into those by the inner products, and adds to the sums.
   * @param distances The distances; unused with power 2, whose derivative contains none.
   * @param start The batch's row of the first row.
   */
  toProducts(matrix: Float32Array, distances: Float32Array, start: number): void {
    const power = this.#power;
    const { factors, columnSums: sums } = this;
    const columns = factors.length;
    const rows = matrix.length / columns;
    const wasm = power === 1 || power === 2 ? rowFunctions(matrix, distances, factors) : undefined;
    if (!wasm) toHalves(matrix, distances, power);
    for (let row = 0, at = 0; row < rows; row++) {
      if (wasm) {
        const from = row * columns;
        const roots = power === 1 ? addressOf(distances, from) : NULL_POINTER;
        const sumsAt = sums ? addressOf(sums) : NULL_POINTER;
        const g = addressOf(matrix, from);
        this.rowSums[start + row] += wasm.products(g, roots, columns, addressOf(factors), sumsAt);
        continue;
      }
      let sum = 0;
      for (let column = 0; column < columns; column++, at++) {
        const g = matrix[at];
        matrix[at] = -g * factors[column];
        sum += g;
        if (sums) sums[column] += g;
      }
      this.rowSums[start + row] += sum;
    }
  }
}

/** Turns derivatives by distance = square^(power / 2) into those by half the square, in place. */
function toHalves(matrix: Float32Array, distances: Float32Array, power: number): void {
  for (let at = 0; at < matrix.length; at++) {
    if (matrix[at] === 0) continue;
    if (power === 2) {
      matrix[at] *= 2;
      continue;
    }
    const distance = distances[at];
    if (distance === 0) matrix[at] = 0;
    else matrix[at] *= power === 1 ? 1 / distance : power * distance ** (1 - 2 / power);
  }
}
