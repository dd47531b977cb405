// Training-mode batch norm over rows x[m,c], fused with the activation that follows it.
// Sums are float32 within a block of rows and float64 across blocks, relative to the first row, so that neither a large
// mean nor many rows cost precision.
import { PRELU } from './activation-codes.generated';
import { activate1, activate4, activateGrad1, activateGrad4, madd } from './simd';

/** Rows of a block. */
const BLOCK: i32 = 128;

/** With at most this many channels, a block of rows fits in the first-level cache; sums and factors then stay in registers. */
const NARROW: i32 = 16;

/** Bytes of a tile of rows, which is processed channel by channel with the factors in registers. */
const TILE: usize = 8192;

/** Returns activation(z) of four channels, whose slopes are at `slope`. */
@inline
function apply4(z: v128, code: i32, slope: usize): v128 {
  if (code != PRELU) return activate4(z, code);
  return v128.bitselect(z, f32x4.mul(z, v128.load(slope)), f32x4.gt(z, f32x4.splat(0)));
}

@inline
function apply1(z: f32, code: i32, slope: usize): f32 {
  if (code != PRELU) return activate1(z, code);
  return z > 0 ? z : z * load<f32>(slope);
}

/** Returns dy·activation'(z) of four channels, whose slopes are at `slope`. */
@inline
function applyGrad4(dy: v128, z: v128, code: i32, slope: usize): v128 {
  if (code != PRELU) return activateGrad4(dy, z, code);
  return v128.bitselect(dy, f32x4.mul(dy, v128.load(slope)), f32x4.gt(z, f32x4.splat(0)));
}

@inline
function applyGrad1(dy: f32, z: f32, code: i32, slope: usize): f32 {
  if (code != PRELU) return activateGrad1(dy, z, code);
  return z > 0 ? dy : dy * load<f32>(slope);
}

/**
 * Computes mean[c] and the biased variance[c] of x[m,c]. Scratch holds 24 bytes per channel. Rows are added four at a time
 * to float32 sums that stay in cache, so that memory is read in order.
 */
export function moments(x: usize, m: i32, c: i32, mean: usize, variance: usize, scratch: usize): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  const sums = scratch + (<usize>c << 4);
  const squares = sums + pixel;
  memory.fill(scratch, 0, <usize>c * 24);
  let from = x;
  for (let row = 0; row < m; row += BLOCK) {
    const rows = min(BLOCK, m - row);
    let r = 0;
    if (c <= NARROW) {
      r = rows & ~1;
      for (let at: usize = 0; at < vector; at += 16) momentsOfBlock(from + at, r, pixel, v128.load(x + at), sums + at, squares + at);
      if (vector < pixel) for (let i = 0; i < r; i++) momentsOfRow(from + <usize>i * pixel, x, vector, pixel, sums, squares);
      from += <usize>r * pixel;
    }
    for (; r + 4 <= rows; r += 4) {
      const x1 = from + pixel, x2 = x1 + pixel, x3 = x2 + pixel;
      let at: usize = 0;
      for (; at < vector; at += 16) {
        const origin = v128.load(x + at);
        const d0 = f32x4.sub(v128.load(from + at), origin), d1 = f32x4.sub(v128.load(x1 + at), origin);
        const d2 = f32x4.sub(v128.load(x2 + at), origin), d3 = f32x4.sub(v128.load(x3 + at), origin);
        v128.store(sums + at, f32x4.add(v128.load(sums + at), f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3))));
        const q = madd(madd(f32x4.mul(d0, d0), d1, d1), d2, d2);
        v128.store(squares + at, f32x4.add(v128.load(squares + at), madd(q, d3, d3)));
      }
      if (at < pixel) for (let i = 0; i < 4; i++) momentsOfRow(from + <usize>i * pixel, x, at, pixel, sums, squares);
      from = x3 + pixel;
    }
    for (; r < rows; r++) {
      momentsOfRow(from, x, 0, pixel, sums, squares);
      from += pixel;
    }
    flush(sums, c, scratch);
    flush(squares, c, scratch + (<usize>c << 3));
  }
  for (let ch: usize = 0; ch < <usize>c; ch++) {
    const s = load<f64>(scratch + (ch << 3)) / m;
    store<f32>(mean + (ch << 2), <f32>(<f64>load<f32>(x + (ch << 2)) + s));
    store<f32>(variance + (ch << 2), <f32>max<f64>(load<f64>(scratch + ((ch + c) << 3)) / m - s * s, 0));
  }
}

/** Adds four channels of an even number of rows to the sums. */
function momentsOfBlock(from: usize, rows: i32, pixel: usize, origin: v128, sums: usize, squares: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
  for (let r = 0; r < rows; r += 2) {
    const d0 = f32x4.sub(v128.load(from), origin), d1 = f32x4.sub(v128.load(from + pixel), origin);
    s0 = f32x4.add(s0, d0);
    s1 = f32x4.add(s1, d1);
    q0 = madd(q0, d0, d0);
    q1 = madd(q1, d1, d1);
    from += 2 * pixel;
  }
  v128.store(sums, f32x4.add(v128.load(sums), f32x4.add(s0, s1)));
  v128.store(squares, f32x4.add(v128.load(squares), f32x4.add(q0, q1)));
}

/** Adds the channels of one row, from byte `at` on, to the sums. */
function momentsOfRow(from: usize, x: usize, at: usize, pixel: usize, sums: usize, squares: usize): void {
  for (; at < pixel; at += 4) {
    const d = load<f32>(from + at) - load<f32>(x + at);
    store<f32>(sums + at, load<f32>(sums + at) + d);
    store<f32>(squares + at, load<f32>(squares + at) + d * d);
  }
}

/** Adds c float32 sums to the float64 totals and clears the sums. */
function flush(sums: usize, c: i32, totals: usize): void {
  for (let ch: usize = 0; ch < <usize>c; ch++) {
    store<f64>(totals + (ch << 3), load<f64>(totals + (ch << 3)) + load<f32>(sums + (ch << 2)));
  }
  memory.fill(sums, 0, <usize>c << 2);
}

/** y = activation(x·a + b) with a[c] and b[c], and slope[c] for PReLU; y may be x. */
@inline
export function affineOf(
  x: usize, m: i32, c: i32, a: usize, b: usize, code: i32, y: usize, slope: usize = 0,
): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  const tile = <i32>max<usize>(TILE / pixel, 4);
  for (let row = 0; row < m; row += tile) {
    const rows = min(tile, m - row);
    for (let ch: usize = 0; ch < vector; ch += 16) {
      const av = v128.load(a + ch), bv = v128.load(b + ch);
      let from = x + ch, to = y + ch;
      for (let r = 0; r < rows; r++) {
        v128.store(to, apply4(madd(bv, v128.load(from), av), code, slope + ch));
        from += pixel;
        to += pixel;
      }
    }
    for (let r = 0; r < rows && vector < pixel; r++) {
      const past = <usize>r * pixel;
      for (let ch = vector; ch < pixel; ch += 4) {
        const z = load<f32>(x + past + ch) * load<f32>(a + ch) + load<f32>(b + ch);
        store<f32>(y + past + ch, apply1(z, code, slope + ch));
      }
    }
    x += <usize>rows * pixel;
    y += <usize>rows * pixel;
  }
}

/**
 * With z = x·a + b and dz = dy·activation'(z): dbeta[c] = Σ dz and dgamma[c] = Σ dz·(x - mean)·invStd. For PReLU also
 * dslope[c] = Σ dy·min(z, 0). Scratch holds 36 bytes per channel for PReLU, 24 otherwise.
 */
@inline
export function gradSumsOf(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize, code: i32,
  dgamma: usize, dbeta: usize, scratch: usize, slope: usize = 0, dslope: usize = 0,
): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  const kinds: usize = code == PRELU ? 3 : 2;
  const sums = scratch + (<usize>c << 3) * kinds;
  const products = sums + pixel;
  const negatives = products + pixel;
  memory.fill(scratch, 0, <usize>c * 12 * kinds);
  for (let row = 0; row < m; row += BLOCK) {
    const rows = min(BLOCK, m - row);
    let r = 0;
    if (code != PRELU && c <= NARROW) {
      r = rows & ~1;
      for (let at: usize = 0; at < vector; at += 16) {
        const av = v128.load(a + at), bv = v128.load(b + at), mv = v128.load(mean + at);
        let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
        let from = x + at, grad = dy + at;
        for (let i = 0; i < r; i += 2) {
          const v0 = v128.load(from), v1 = v128.load(from + pixel);
          const dz0 = activateGrad4(v128.load(grad), madd(bv, v0, av), code);
          const dz1 = activateGrad4(v128.load(grad + pixel), madd(bv, v1, av), code);
          s0 = f32x4.add(s0, dz0);
          s1 = f32x4.add(s1, dz1);
          q0 = madd(q0, dz0, f32x4.sub(v0, mv));
          q1 = madd(q1, dz1, f32x4.sub(v1, mv));
          from += 2 * pixel;
          grad += 2 * pixel;
        }
        v128.store(sums + at, f32x4.add(v128.load(sums + at), f32x4.add(s0, s1)));
        v128.store(products + at, f32x4.add(v128.load(products + at), f32x4.add(q0, q1)));
      }
      if (vector < pixel) {
        for (let i = 0; i < r; i++) {
          const past = <usize>i * pixel;
          gradSumsOfRow(x + past, dy + past, vector, pixel, a, b, mean, code, sums, slope);
        }
      }
      x += <usize>r * pixel;
      dy += <usize>r * pixel;
    }
    for (; r + 2 <= rows; r += 2) {
      const x1 = x + pixel, dy1 = dy + pixel;
      for (let at: usize = 0; at < vector; at += 16) {
        const av = v128.load(a + at), bv = v128.load(b + at), mv = v128.load(mean + at);
        const v0 = v128.load(x + at), v1 = v128.load(x1 + at);
        const z0 = madd(bv, v0, av), z1 = madd(bv, v1, av);
        const dz0 = applyGrad4(v128.load(dy + at), z0, code, slope + at);
        const dz1 = applyGrad4(v128.load(dy1 + at), z1, code, slope + at);
        v128.store(sums + at, f32x4.add(v128.load(sums + at), f32x4.add(dz0, dz1)));
        const q = madd(f32x4.mul(dz0, f32x4.sub(v0, mv)), dz1, f32x4.sub(v1, mv));
        v128.store(products + at, f32x4.add(v128.load(products + at), q));
        if (code == PRELU) {
          const n0 = f32x4.mul(f32x4.pmin(z0, f32x4.splat(0)), v128.load(dy + at));
          const n = madd(n0, f32x4.pmin(z1, f32x4.splat(0)), v128.load(dy1 + at));
          v128.store(negatives + at, f32x4.add(v128.load(negatives + at), n));
        }
      }
      if (vector < pixel) {
        gradSumsOfRow(x, dy, vector, pixel, a, b, mean, code, sums, slope);
        gradSumsOfRow(x1, dy1, vector, pixel, a, b, mean, code, sums, slope);
      }
      x = x1 + pixel;
      dy = dy1 + pixel;
    }
    if (r < rows) {
      gradSumsOfRow(x, dy, 0, pixel, a, b, mean, code, sums, slope);
      x += pixel;
      dy += pixel;
    }
    flush(sums, c, scratch);
    flush(products, c, scratch + (<usize>c << 3));
    if (code == PRELU) flush(negatives, c, scratch + (<usize>c << 4));
  }
  for (let ch: usize = 0; ch < <usize>c; ch++) {
    store<f32>(dbeta + (ch << 2), <f32>load<f64>(scratch + (ch << 3)));
    store<f32>(dgamma + (ch << 2), <f32>(load<f64>(scratch + ((ch + c) << 3)) * load<f32>(invStd + (ch << 2))));
    if (code == PRELU) store<f32>(dslope + (ch << 2), <f32>load<f64>(scratch + ((ch + 2 * c) << 3)));
  }
}

/** Adds the channels of one row, from byte `at` on, to the sums, the products and the negatives, which are contiguous. */
function gradSumsOfRow(
  x: usize, dy: usize, at: usize, pixel: usize, a: usize, b: usize, mean: usize, code: i32, sums: usize, slope: usize,
): void {
  const products = sums + pixel;
  const negatives = products + pixel;
  for (; at < pixel; at += 4) {
    const xv = load<f32>(x + at);
    const z = xv * load<f32>(a + at) + load<f32>(b + at);
    const dz = applyGrad1(load<f32>(dy + at), z, code, slope + at);
    store<f32>(sums + at, load<f32>(sums + at) + dz);
    store<f32>(products + at, load<f32>(products + at) + dz * (xv - load<f32>(mean + at)));
    if (code == PRELU) store<f32>(negatives + at, load<f32>(negatives + at) + min<f32>(z, 0) * load<f32>(dy + at));
  }
}

/** dx = a·dz + p·x + q with a[c], p[c] and q[c]: the input gradient of batch norm in one pass. */
@inline
export function gradInputOf(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, code: i32, dx: usize, slope: usize = 0,
): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  const tile = <i32>max<usize>(TILE / pixel, 4);
  for (let row = 0; row < m; row += tile) {
    const rows = min(tile, m - row);
    for (let ch: usize = 0; ch < vector; ch += 16) {
      const av = v128.load(a + ch), bv = v128.load(b + ch), pv = v128.load(p + ch), qv = v128.load(q + ch);
      let from = x + ch, grad = dy + ch, to = dx + ch;
      for (let r = 0; r < rows; r++) {
        const xv = v128.load(from);
        const dz = applyGrad4(v128.load(grad), madd(bv, xv, av), code, slope + ch);
        v128.store(to, madd(madd(qv, xv, pv), dz, av));
        from += pixel;
        grad += pixel;
        to += pixel;
      }
    }
    for (let r = 0; r < rows && vector < pixel; r++) {
      const past = <usize>r * pixel;
      for (let ch = vector; ch < pixel; ch += 4) {
        const xv = load<f32>(x + past + ch), av = load<f32>(a + ch);
        const dz = applyGrad1(load<f32>(dy + past + ch), xv * av + load<f32>(b + ch), code, slope + ch);
        store<f32>(dx + past + ch, av * dz + (xv * load<f32>(p + ch) + load<f32>(q + ch)));
      }
    }
    x += <usize>rows * pixel;
    dy += <usize>rows * pixel;
    dx += <usize>rows * pixel;
  }
}
