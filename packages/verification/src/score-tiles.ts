import { ROW_MULTIPLE, type UnitRows } from './normalize-rows.js';

/** Rows on each side of a tile. Two blocks of 64 rows of 256 doubles stay in the second-level cache. */
export const TILE = 64;

/**
 * Writes the cosines of a block of rows of `a` with a block of rows of `b` to `scores[(i - i0) * TILE + (j - j0)]`. Each is
 * summed in double precision in the order of the dimensions, clamped to [-1, 1] and rounded to 32 bits. A pair therefore
 * has the same score in every block and order. Positions past the last row hold zeros.
 * @param height Rows of the block of `a`, a multiple of 4, at most `TILE`.
 */
export function scoreTile(
  a: UnitRows,
  i0: number,
  b: UnitRows,
  j0: number,
  scores: Float32Array,
  height = TILE,
): void {
  const d = a.dimensions;
  const iEnd = Math.min(i0 + height, Math.ceil(a.count / ROW_MULTIPLE) * ROW_MULTIPLE);
  const jEnd = Math.min(j0 + TILE, Math.ceil(b.count / ROW_MULTIPLE) * ROW_MULTIPLE);
  const x = a.data;
  const y = b.data;
  for (let i = i0; i < iEnd; i += 4) {
    for (let j = j0; j < jEnd; j += 2) {
      let c00 = 0;
      let c01 = 0;
      let c10 = 0;
      let c11 = 0;
      let c20 = 0;
      let c21 = 0;
      let c30 = 0;
      let c31 = 0;
      let p0 = i * d;
      let p1 = p0 + d;
      let p2 = p1 + d;
      let p3 = p2 + d;
      let q0 = j * d;
      let q1 = q0 + d;
      const end = p1;
      while (p0 < end) {
        const y0 = y[q0++];
        const y1 = y[q1++];
        const x0 = x[p0++];
        c00 += x0 * y0;
        c01 += x0 * y1;
        const x1 = x[p1++];
        c10 += x1 * y0;
        c11 += x1 * y1;
        const x2 = x[p2++];
        c20 += x2 * y0;
        c21 += x2 * y1;
        const x3 = x[p3++];
        c30 += x3 * y0;
        c31 += x3 * y1;
      }
      const at = (i - i0) * TILE + (j - j0);
      scores[at] = clamp(c00);
      scores[at + 1] = clamp(c01);
      scores[at + TILE] = clamp(c10);
      scores[at + TILE + 1] = clamp(c11);
      scores[at + 2 * TILE] = clamp(c20);
      scores[at + 2 * TILE + 1] = clamp(c21);
      scores[at + 3 * TILE] = clamp(c30);
      scores[at + 3 * TILE + 1] = clamp(c31);
    }
  }
}

function clamp(cosine: number): number {
  return Math.max(-1, Math.min(1, cosine));
}
