import * as tf from '@tensorflow/tfjs-core';
import { viewOf } from './heap.js';
import { innerProduct, rowNorms, SHORTEST } from './row-norms.js';

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
  const unit = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const factor = 1 / lengths[row];
    for (let i = row * width; i < (row + 1) * width; i++) unit[i] = values[i] * factor;
  }
  return { tensor: tf.tensor2d(unit, [rows, width]), lengths, squares, areFinite };
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
  along: Float64Array | undefined,
  factor: number,
): void {
  const [rows, width] = tensor.shape;
  const values = viewOf(tensor);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * width, (row + 1) * width];
    const unit = scale ? scale[row] : 1;
    // With a scale, the gradient has already been divided by the length.
    let add = along ? along[row] * unit * unit : 0;
    if (lengths && squares[row] === 1) {
      add = -innerProduct(gradient, values, from, to) * unit * unit;
    }
    const multiplier = lengths && !scale ? factor / lengths[row] : factor;
    for (let i = from; i < to; i++) gradient[i] = (gradient[i] + add * values[i]) * multiplier;
  }
}
