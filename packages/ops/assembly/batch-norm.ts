// Batch norm in its training form over rows x[m,c], fused with the activation that follows it.
// Sums run in float32 over blocks of rows and in float64 across blocks, about the first row as origin, so that neither
// a large mean nor many rows cost digits.
import { activate1, activate4, activateGrad1, activateGrad4, madd } from './simd';

const BLOCK: i32 = 128;

/** mean[c] and biased variance[c] of x[m,c]; scratch holds 16 bytes a channel. */
export function moments(x: usize, m: i32, c: i32, mean: usize, variance: usize, scratch: usize): void {
  const pixel = <usize>c << 2;
  const vector = c & ~3;
  const sums = scratch;
  const squares = scratch + (<usize>c << 3);
  memory.fill(scratch, 0, <usize>c << 4);
  for (let row = 0; row < m; row += BLOCK) {
    const rows = min(BLOCK, m - row);
    const block = x + <usize>row * pixel;
    let ch = 0;
    for (; ch < vector; ch += 4) {
      const at = <usize>ch << 2;
      const origin = v128.load(x + at);
      let s = f32x4.splat(0), q = s;
      let from = block + at;
      for (let r = 0; r < rows; r++) {
        const d = f32x4.sub(v128.load(from), origin);
        s = f32x4.add(s, d);
        q = madd(q, d, d);
        from += pixel;
      }
      addLanes(sums + (at << 1), s);
      addLanes(squares + (at << 1), q);
    }
    for (; ch < c; ch++) {
      const at = <usize>ch << 2;
      const origin = load<f32>(x + at);
      let s: f32 = 0, q: f32 = 0;
      let from = block + at;
      for (let r = 0; r < rows; r++) {
        const d = load<f32>(from) - origin;
        s += d;
        q += d * d;
        from += pixel;
      }
      store<f64>(sums + (at << 1), load<f64>(sums + (at << 1)) + s);
      store<f64>(squares + (at << 1), load<f64>(squares + (at << 1)) + q);
    }
  }
  for (let ch: usize = 0; ch < <usize>c; ch++) {
    const s = load<f64>(sums + (ch << 3)) / m;
    store<f32>(mean + (ch << 2), <f32>(<f64>load<f32>(x + (ch << 2)) + s));
    store<f32>(variance + (ch << 2), <f32>max<f64>(load<f64>(squares + (ch << 3)) / m - s * s, 0));
  }
}

@inline
function addLanes(to: usize, v: v128): void {
  v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(v)));
  const high = i32x4.shuffle(v, v, 2, 3, 2, 3);
  v128.store(to + 16, f64x2.add(v128.load(to + 16), f64x2.promote_low_f32x4(high)));
}

/** y = activation(x·a + b) with a[c] and b[c]; y may be x. */
export function affine(x: usize, m: i32, c: i32, a: usize, b: usize, code: i32, y: usize): void {
  if (code == 0) affineOf(x, m, c, a, b, 0, y);
  else if (code == 1) affineOf(x, m, c, a, b, 1, y);
  else if (code == 2) affineOf(x, m, c, a, b, 2, y);
  else if (code == 3) affineOf(x, m, c, a, b, 3, y);
  else if (code == 4) affineOf(x, m, c, a, b, 4, y);
  else if (code == 5) affineOf(x, m, c, a, b, 5, y);
  else affineOf(x, m, c, a, b, 6, y);
}

@inline
function affineOf(x: usize, m: i32, c: i32, a: usize, b: usize, code: i32, y: usize): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  for (let row = 0; row < m; row++) {
    let ch: usize = 0;
    for (; ch < vector; ch += 16) {
      v128.store(y + ch, activate4(madd(v128.load(b + ch), v128.load(x + ch), v128.load(a + ch)), code));
    }
    for (; ch < pixel; ch += 4) {
      store<f32>(y + ch, activate1(load<f32>(x + ch) * load<f32>(a + ch) + load<f32>(b + ch), code));
    }
    x += pixel;
    y += pixel;
  }
}

/**
 * With z = x·a + b and dz = dy·activation'(z): dbeta[c] = Σ dz and dgamma[c] = Σ dz·(x - mean)·invStd;
 * scratch holds 16 bytes a channel.
 */
export function batchNormGradSums(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize, code: i32,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  if (code == 0) gradSumsOf(x, dy, m, c, a, b, mean, invStd, 0, dgamma, dbeta, scratch);
  else if (code == 1) gradSumsOf(x, dy, m, c, a, b, mean, invStd, 1, dgamma, dbeta, scratch);
  else if (code == 2) gradSumsOf(x, dy, m, c, a, b, mean, invStd, 2, dgamma, dbeta, scratch);
  else if (code == 3) gradSumsOf(x, dy, m, c, a, b, mean, invStd, 3, dgamma, dbeta, scratch);
  else if (code == 4) gradSumsOf(x, dy, m, c, a, b, mean, invStd, 4, dgamma, dbeta, scratch);
  else if (code == 5) gradSumsOf(x, dy, m, c, a, b, mean, invStd, 5, dgamma, dbeta, scratch);
  else gradSumsOf(x, dy, m, c, a, b, mean, invStd, 6, dgamma, dbeta, scratch);
}

@inline
function gradSumsOf(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, mean: usize, invStd: usize, code: i32,
  dgamma: usize, dbeta: usize, scratch: usize,
): void {
  const pixel = <usize>c << 2;
  const vector = c & ~3;
  const sums = scratch;
  const products = scratch + (<usize>c << 3);
  memory.fill(scratch, 0, <usize>c << 4);
  for (let row = 0; row < m; row += BLOCK) {
    const rows = min(BLOCK, m - row);
    const offset = <usize>row * pixel;
    let ch = 0;
    for (; ch < vector; ch += 4) {
      const at = <usize>ch << 2;
      const av = v128.load(a + at), bv = v128.load(b + at), mv = v128.load(mean + at);
      let s = f32x4.splat(0), q = s;
      let from = x + offset + at;
      let grad = dy + offset + at;
      for (let r = 0; r < rows; r++) {
        const xv = v128.load(from);
        const dz = activateGrad4(v128.load(grad), madd(bv, xv, av), code);
        s = f32x4.add(s, dz);
        q = madd(q, dz, f32x4.sub(xv, mv));
        from += pixel;
        grad += pixel;
      }
      addLanes(sums + (at << 1), s);
      addLanes(products + (at << 1), q);
    }
    for (; ch < c; ch++) {
      const at = <usize>ch << 2;
      let s: f32 = 0, q: f32 = 0;
      let from = x + offset + at;
      let grad = dy + offset + at;
      for (let r = 0; r < rows; r++) {
        const xv = load<f32>(from);
        const dz = activateGrad1(load<f32>(grad), xv * load<f32>(a + at) + load<f32>(b + at), code);
        s += dz;
        q += dz * (xv - load<f32>(mean + at));
        from += pixel;
        grad += pixel;
      }
      store<f64>(sums + (at << 1), load<f64>(sums + (at << 1)) + s);
      store<f64>(products + (at << 1), load<f64>(products + (at << 1)) + q);
    }
  }
  for (let ch: usize = 0; ch < <usize>c; ch++) {
    store<f32>(dbeta + (ch << 2), <f32>load<f64>(sums + (ch << 3)));
    store<f32>(dgamma + (ch << 2), <f32>(load<f64>(products + (ch << 3)) * load<f32>(invStd + (ch << 2))));
  }
}

/** dx = a·dz + p·x + q, with per-channel a, p and q: the whole of batch norm's input gradient in one pass. */
export function batchNormGradInput(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, code: i32, dx: usize,
): void {
  if (code == 0) gradInputOf(x, dy, m, c, a, b, p, q, 0, dx);
  else if (code == 1) gradInputOf(x, dy, m, c, a, b, p, q, 1, dx);
  else if (code == 2) gradInputOf(x, dy, m, c, a, b, p, q, 2, dx);
  else if (code == 3) gradInputOf(x, dy, m, c, a, b, p, q, 3, dx);
  else if (code == 4) gradInputOf(x, dy, m, c, a, b, p, q, 4, dx);
  else if (code == 5) gradInputOf(x, dy, m, c, a, b, p, q, 5, dx);
  else gradInputOf(x, dy, m, c, a, b, p, q, 6, dx);
}

@inline
function gradInputOf(
  x: usize, dy: usize, m: i32, c: i32, a: usize, b: usize, p: usize, q: usize, code: i32, dx: usize,
): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  for (let row = 0; row < m; row++) {
    let ch: usize = 0;
    for (; ch < vector; ch += 16) {
      const xv = v128.load(x + ch), av = v128.load(a + ch);
      const dz = activateGrad4(v128.load(dy + ch), madd(v128.load(b + ch), xv, av), code);
      v128.store(dx + ch, madd(madd(v128.load(q + ch), xv, v128.load(p + ch)), dz, av));
    }
    for (; ch < pixel; ch += 4) {
      const xv = load<f32>(x + ch), av = load<f32>(a + ch);
      const dz = activateGrad1(load<f32>(dy + ch), xv * av + load<f32>(b + ch), code);
      store<f32>(dx + ch, av * dz + (xv * load<f32>(p + ch) + load<f32>(q + ch)));
    }
    x += pixel;
    dy += pixel;
    dx += pixel;
  }
}
