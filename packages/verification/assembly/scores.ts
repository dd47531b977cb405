// Scores of pairs of unit rows. A score is the cosine times 2^24, rounded to an integer and shifted: 0 for -1, 2^25 for 1.
// One accumulator sums each cosine in the order of the dimensions, so a pair has the same score in every block.

@inline
export function madd(acc: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, acc);
  return f32x4.add(acc, f32x4.mul(a, b));
}

/** Writes rows [j0, j0 + n) of x to out as panels of eight columns. The rest of the last panel is zero. */
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

/** Returns the scores of four cosines. */
@inline
export function scores(c: v128): v128 {
  const s = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(c, f32x4.splat(16777216))));
  const inside = i32x4.min_s(i32x4.max_s(s, i32x4.splat(-16777216)), i32x4.splat(16777216));
  return i32x4.add(inside, i32x4.splat(16777216));
}

/** Writes the scores of rows [i, i + 4) with eight packed columns to tile, row by row. */
@inline
export function scoreTile(x: usize, d: i32, i: i32, panel: usize, tile: usize): void {
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
