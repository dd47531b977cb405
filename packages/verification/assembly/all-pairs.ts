// Cosines of every row with a block of columns (rows of the same matrix), each counted at its score and forgotten.
//
// A score is an integer: the cosine times 2^24, rounded, from 0 for -1 to 2^25 for 1. A table has one cell for each of
// them: 16 bits that one thread alone counts in, and what flows over, once in 65,536 times, goes to a table of 32-bit
// carries that all threads share. Positive pairs are few: all threads count them in one table of 32 bits. Each cosine is
// summed in the order of the dimensions by one accumulator, so a pair has the same score in whatever block it is met.

export const COLUMNS: i32 = 256; // columns packed at a time: 256 x 256 floats stay in the second-level cache
const ROWS: i32 = 64; // rows that stay in cache while the panels pass

/** Bytes of one thread's scratch: the packed block and a tile of 4 x 8 scores. */
export function scratchBytes(d: i32): i32 {
  return COLUMNS * d * 4 + 128;
}

@inline
function madd(acc: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, acc);
  return f32x4.add(acc, f32x4.mul(a, b));
}

/** Rows [j0, j0 + n) of x as panels of eight columns; what is left of the last panel is zero. */
export function pack(x: usize, d: i32, j0: i32, n: i32, out: usize): void {
  const row = <usize>d << 2;
  for (let j = 0; j < n; j += 8) {
    const from = x + <usize>(j0 + j) * row;
    const width = min(8, n - j);
    if (width < 8) memory.fill(out, 0, <usize>d << 5);
    for (let jj = 0; jj < width; jj++) {
      let at = from + <usize>jj * row;
      let to = out + (<usize>jj << 2);
      for (let p = 0; p < d; p++) {
        store<f32>(to, load<f32>(at));
        at += 4;
        to += 32;
      }
    }
    out += <usize>d << 5;
  }
}

/** Scores of four cosines. */
@inline
function scores(c: v128): v128 {
  const s = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(c, f32x4.splat(16777216))));
  const inside = i32x4.min_s(i32x4.max_s(s, i32x4.splat(-16777216)), i32x4.splat(16777216));
  return i32x4.add(inside, i32x4.splat(16777216));
}

/** Scores of rows i … i + 3 with eight packed columns, row by row into tile. */
@inline
function scoreTile(x: usize, d: i32, i: i32, panel: usize, tile: usize): void {
  const row = <usize>d << 2;
  let a0 = x + <usize>i * row, a1 = a0 + row, a2 = a1 + row, a3 = a2 + row, b = panel;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (let p = 0; p < d; p++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.load_splat<f32>(a0);
    c00 = madd(c00, s, b0); c01 = madd(c01, s, b1);
    s = v128.load_splat<f32>(a1);
    c10 = madd(c10, s, b0); c11 = madd(c11, s, b1);
    s = v128.load_splat<f32>(a2);
    c20 = madd(c20, s, b0); c21 = madd(c21, s, b1);
    s = v128.load_splat<f32>(a3);
    c30 = madd(c30, s, b0); c31 = madd(c31, s, b1);
    b += 32;
    a0 += 4; a1 += 4; a2 += 4; a3 += 4;
  }
  v128.store(tile, scores(c00)); v128.store(tile, scores(c01), 16);
  v128.store(tile, scores(c10), 32); v128.store(tile, scores(c11), 48);
  v128.store(tile, scores(c20), 64); v128.store(tile, scores(c21), 80);
  v128.store(tile, scores(c30), 96); v128.store(tile, scores(c31), 112);
}

@inline
function countNegative(score: i32, low: usize, carries: usize): void {
  const at = low + (<usize>score << 1);
  const more = load<u16>(at) + 1;
  store<u16>(at, <u16>more);
  if (!(more & 0xffff)) carry(score, carries);
}

// Apart, so that the loop around it stays small.
function carry(score: i32, carries: usize): void {
  atomic.add<u32>(carries + (<usize>score << 2), 1);
}

/** Counts rows [i0, i1) with n packed columns, all of them negative pairs; i0 and i1 are multiples of 4. */
export function countNegatives(
  x: usize, d: i32, i0: i32, i1: i32, packed: usize, n: i32, low: usize, carries: usize, tile: usize,
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
            countNegative(load<i32>(at), low, carries);
            countNegative(load<i32>(at, 4), low, carries);
            countNegative(load<i32>(at, 8), low, carries);
            countNegative(load<i32>(at, 12), low, carries);
          }
        } else {
          for (let line = tile; line < tile + 128; line += 32) {
            for (let at = line; at < line + width; at += 4) countNegative(load<i32>(at), low, carries);
          }
        }
      }
      panel += panelBytes;
    }
  }
}

/**
 * Counts every pair i < j of rows [i0, i1) with the n packed columns from j0, positive where their labels are equal; i0 is
 * a multiple of 4, and so many rows can be read.
 */
export function countLabelled(
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

/** The scores of rows a[k] and b[k], count of them, as integers into out: what the counting sees. */
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

/** Whether any of so many bytes, a multiple of 64, is not zero. */
export function anySet(at: usize, bytes: i32): bool {
  const end = at + bytes;
  for (; at < end; at += 64) {
    const either = v128.or(v128.or(v128.load(at), v128.load(at, 16)), v128.or(v128.load(at, 32), v128.load(at, 48)));
    if (v128.any_true(either)) return true;
  }
  return false;
}
