import type * as tf from '@tensorflow/tfjs-core';
import { newMatrix, viewOf } from './heap.js';
import { innerProductOf, rowNorms, SHORTEST } from './row-norms.js';
import { rowFunctions } from './rows.js';
import { addressOf } from './wasm-functions.js';

/** A side of the distance matrix: its rows, and how they relate to the embeddings. */
export interface Prepared {
  /** float32 [rows, width]: the rows of the matrix product. */
  tensor: tf.Tensor2D;
  /** What to multiply a row of `tensor` by to normalize it; absent if it needs none. */
  scale?: Float32Array;
  /** Divisor of each embedding; absent without normalization. */
  lengths?: Float64Array;
  /** |row|² after normalization. */
  squares: Float64Array;
  areFinite: boolean;
}

// Products of rows of these lengths and of unit vectors stay in the range of float32.
const [TINY, HUGE] = [1e-15, 1e15];

/**
 * Prepares one side of the matrix.
 * @param mayScale Whether rows can stay as they are and be scaled in the product, which saves a copy.
 */
export function prepare(x: tf.Tensor2D, normalize: boolean, mayScale: boolean): Prepared {
  const [rows, width] = x.shape;
  const values = viewOf(x);
  const { lengths, areFinite } = rowNorms(values, rows, width);
  if (!normalize) return { tensor: x, squares: lengths.map((length) => length * length), areFinite };
  const squares = new Float64Array(rows).fill(1);
  let isInRange = true;
  for (let row = 0; row < rows; row++) {
    const length = lengths[row];
    if (!(length > TINY && length < HUGE)) isInRange = false;
    if (length < SHORTEST) squares[row] = (length / SHORTEST) ** 2;
    lengths[row] = Math.max(length, SHORTEST);
  }
  const scale = Float32Array.from(lengths, (length) => 1 / length);
  if (mayScale && isInRange) return { tensor: x, scale, lengths, squares, areFinite };
  const unit = newMatrix(rows, width);
  divideRows(viewOf(x), lengths, viewOf(unit));
  return { tensor: unit, lengths, squares, areFinite };
}

/** Writes each row of x, divided by its length, to y. */
function divideRows(x: Float32Array, lengths: Float64Array, y: Float32Array): void {
  const width = x.length / lengths.length;
  const wasm = rowFunctions(x, y);
  for (let row = 0, from = 0; row < lengths.length; row++, from += width) {
    const factor = 1 / lengths[row];
    if (wasm) wasm.scale(addressOf(x, from), width, factor, addressOf(y, from));
    else for (let i = from; i < from + width; i++) y[i] = x[i] * factor;
  }
}

/**
 * Turns the gradient of a side into that of the embeddings, in place.
 * @param gradient float32 [rows, width]: with respect to the normalized rows, divided by their length if the side has a scale.
 * @param along Factor of each normalized row that is added first.
 * @param factor Factor of the result.
 */
export function finishGradient(
  gradient: Float32Array,
  { tensor, scale, lengths, squares }: Prepared,
  along: Float64Array | Float32Array | undefined,
  factor: number,
): void {
  const [rows, width] = tensor.shape;
  const values = viewOf(tensor);
  const wasm = rowFunctions(gradient, values);
  const innerProduct = innerProductOf(gradient, values);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * width, (row + 1) * width];
    const unit = scale ? scale[row] : 1;
    // With a scale, the gradient has already been divided by the length.
    let add = along ? along[row] * unit * unit : 0;
    if (lengths && squares[row] === 1) {
      add = -innerProduct(from, to) * unit * unit;
    }
    const multiplier = lengths && !scale ? factor / lengths[row] : factor;
    if (wasm) wasm.addScaled(addressOf(gradient, from), addressOf(values, from), width, add, multiplier);
    else for (let i = from; i < to; i++) gradient[i] = (gradient[i] + add * values[i]) * multiplier;
  }
}
