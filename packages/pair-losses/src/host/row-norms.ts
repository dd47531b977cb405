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
  let total = 0;
  for (let row = 0; row < rows; row++) {
    // Four sums, because each addition would wait for the previous one.
    let [a, b, c, d] = [0, 0, 0, 0];
    const end = (row + 1) * width;
    let i = row * width;
    for (; i + 3 < end; i += 4) {
      a += x[i] * x[i];
      b += x[i + 1] * x[i + 1];
      c += x[i + 2] * x[i + 2];
      d += x[i + 3] * x[i + 3];
    }
    for (; i < end; i++) a += x[i] * x[i];
    const square = a + b + (c + d);
    total += square * 0;
    lengths[row] = Math.sqrt(square);
  }
  return { lengths, areFinite: total === 0 };
}
