import { rowFunctions } from './rows.js';
import { addressOf } from './wasm-functions.js';

/** Lengths of the rows of a matrix. */
export interface RowNorms {
  lengths: Float64Array;
  areFinite: boolean;
}

/** Minimum length of a row, as in torch.nn.functional.normalize. */
export const SHORTEST = 1e-12;

/** Computes the Euclidean length of each row, in double precision. */
export function rowNorms(x: Float32Array, rows: number, width: number): RowNorms {
  const lengths = new Float64Array(rows);
  const innerProduct = innerProductOf(x, x);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const square = innerProduct(row * width, (row + 1) * width);
    total += square * 0;
    lengths[row] = Math.sqrt(square);
  }
  return { lengths, areFinite: total === 0 };
}

/** Returns the function that computes the inner product of x[from … to) and y[from … to), in double precision. */
export function innerProductOf(x: Float32Array, y: Float32Array): (from: number, to: number) => number {
  const wasm = rowFunctions(x, y);
  if (wasm) return (from, to) => wasm.innerProduct(addressOf(x, from), addressOf(y, from), to - from);
  return (from, to) => {
    // Four sums, because each addition would wait for the previous one.
    let [a, b, c, d] = [0, 0, 0, 0];
    let i = from;
    for (; i + 3 < to; i += 4) {
      a += x[i] * y[i];
      b += x[i + 1] * y[i + 1];
      c += x[i + 2] * y[i + 2];
      d += x[i + 3] * y[i + 3];
    }
    for (; i < to; i++) a += x[i] * y[i];
    return a + b + (c + d);
  };
}
