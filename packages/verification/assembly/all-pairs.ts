// Computes the cosines of rows with a block of columns (rows of the same matrix) and counts each at its score.
import { appendScore, countNegative } from './counts';
import { madd, scores, scoreTile } from './scores';

export { countLists, listBytes } from './counts';
export { pack } from './scores';

/** Columns that are packed at a time: 256 x 256 floats fit in the second-level cache. */
export const COLUMNS: i32 = 256;
/** Rows that stay in cache while the panels of columns pass. */
const ROWS: i32 = 64;

/** Returns the bytes of one thread's scratch memory: the packed block, and a tile of 4 x 8 scores. */
export function scratchBytes(d: i32): i32 {
  return COLUMNS * d * 4 + 128;
}

/**
 * Lists the scores of rows [i0, i1) with n packed columns to be counted. All pairs must be negative, and i0 and i1 multiples
 * of 4.
 */
export function countNegatives(
  x: usize, d: i32, i0: i32, i1: i32, packed: usize, n: i32,
  low: usize, carries: usize, lists: usize, tile: usize,
): void {
  const panelBytes = <usize>d << 5;
  for (let from = i0; from < i1; from += ROWS) {
    const to = min(i1, from + ROWS);
    let panel = packed;
    for (let j = 0; j < n; j += 8) {
      const width = <usize>min(8, n - j) << 2;
      for (let i = from; i < to; i += 4) {
        scoreTile(x, d, i, panel, tile);
        if (width == 32) {
          for (let at = tile; at < tile + 128; at += 16) {
            appendScore(load<i32>(at), low, carries, lists);
            appendScore(load<i32>(at, 4), low, carries, lists);
            appendScore(load<i32>(at, 8), low, carries, lists);
            appendScore(load<i32>(at, 12), low, carries, lists);
          }
        } else {
          for (let line = tile; line < tile + 128; line += 32) {
            for (let at = line; at < line + width; at += 4) appendScore(load<i32>(at), low, carries, lists);
          }
        }
      }
      panel += panelBytes;
    }
  }
}

/**
 * Counts every pair i < j of rows [i0, i1) with the n packed columns from j0 on. Pairs with equal labels are positive. i0 must
 * be a multiple of 4. Rows must be readable up to i1 rounded up to a multiple of 4.
 */
export function countLabeled(
  x: usize, d: i32, labels: usize, i0: i32, i1: i32, j0: i32, packed: usize, n: i32,
  low: usize, carries: usize, positives: usize, tile: usize,
): void {
  const panelBytes = <usize>d << 5;
  for (let i = i0; i < i1; i += 4) {
    let panel = packed;
    for (let j = j0; j < j0 + n; j += 8) {
      if (j + 7 > i) {
        scoreTile(x, d, i, panel, tile);
        for (let r = i; r < min(i + 4, i1); r++) {
          const label = load<i32>(labels + (<usize>r << 2));
          for (let k = max(j, r + 1); k < min(j + 8, j0 + n); k++) {
            const score = load<i32>(tile + (<usize>(r - i) << 5) + (<usize>(k - j) << 2));
            if (load<i32>(labels + (<usize>k << 2)) != label) countNegative(score, low, carries);
            else atomic.add<u32>(positives + (<usize>score << 2), 1);
          }
        }
      }
      panel += panelBytes;
    }
  }
}

/** out[k], int32, is the score of rows a[k] and b[k] as it is counted, for k < count. */
export function scorePairs(x: usize, d: i32, a: usize, b: usize, count: i32, out: usize): void {
  for (let k = 0; k < count; k++) {
    const p = x + <usize>load<i32>(a + (<usize>k << 2)) * (<usize>d << 2);
    const q = x + <usize>load<i32>(b + (<usize>k << 2)) * (<usize>d << 2);
    let c = f32x4.splat(0);
    for (let at: usize = 0; at < <usize>d << 2; at += 4) {
      c = madd(c, v128.load_splat<f32>(p + at), v128.load_splat<f32>(q + at));
    }
    store<i32>(out + (<usize>k << 2), i32x4.extract_lane(scores(c), 0));
  }
}

/** Returns whether any of `bytes` bytes, a multiple of 64, is nonzero. */
export function anySet(at: usize, bytes: i32): bool {
  const end = at + bytes;
  for (; at < end; at += 64) {
    const either = v128.or(v128.or(v128.load(at), v128.load(at, 16)), v128.or(v128.load(at, 32), v128.load(at, 48)));
    if (v128.any_true(either)) return true;
  }
  return false;
}
