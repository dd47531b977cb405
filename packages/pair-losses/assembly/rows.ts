// Inner products and scaling of rows of float32 in the memory of the TensorFlow.js backend. All addresses are bytes. The kernels have no heap and
// no static data, so nothing collides with the host's.

import { high2, sum2 } from './simd';

// Two floats in double precision: the host's own arithmetic, two values at a time.
@inline
function load2(x: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(x));
}

@inline
function store2(y: usize, v: v128): void {
  v128.store64_lane(y, f32x4.demote_f64x2_zero(v), 0);
}

/** Returns the inner product of two rows of n floats, in double precision. */
export function innerProduct(x: usize, y: usize, n: i32): f64 {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let i: usize = 0;
  for (; i < vector; i += 16) {
    a = f64x2.add(a, f64x2.mul(load2(x + i), load2(y + i)));
    b = f64x2.add(b, f64x2.mul(load2(x + i + 8), load2(y + i + 8)));
  }
  let sum = sum2(f64x2.add(a, b));
  for (; i < bytes; i += 4) sum += <f64>load<f32>(x + i) * <f64>load<f32>(y + i);
  return sum;
}

/** y = factor · x over n floats; y may be x. */
export function scale(x: usize, n: i32, factor: f64, y: usize): void {
  const bytes = <usize>n << 2;
  const vector = bytes & ~7;
  const factors = f64x2.splat(factor);
  let i: usize = 0;
  for (; i < vector; i += 8) store2(y + i, f64x2.mul(load2(x + i), factors));
  if (i < bytes) store<f32>(y + i, <f32>(<f64>load<f32>(x + i) * factor));
}

/** g = (g + add · x) · factor over n floats. */
export function addScaled(g: usize, x: usize, n: i32, add: f64, factor: f64): void {
  const bytes = <usize>n << 2;
  const vector = bytes & ~7;
  const adds = f64x2.splat(add);
  const factors = f64x2.splat(factor);
  let i: usize = 0;
  for (; i < vector; i += 8) {
    store2(g + i, f64x2.mul(f64x2.add(load2(g + i), f64x2.mul(adds, load2(x + i))), factors));
  }
  if (i < bytes) store<f32>(g + i, <f32>((<f64>load<f32>(g + i) + add * <f64>load<f32>(x + i)) * factor));
}

/** x = factor · x over n floats, in single precision. */
export function multiply(x: usize, n: i32, factor: f32): void {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  const factors = f32x4.splat(factor);
  let i: usize = 0;
  for (; i < vector; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), factors));
  for (; i < bytes; i += 4) store<f32>(x + i, load<f32>(x + i) * factor);
}

/**
 * Turns n inner products of a row q with columns r into |q - r|², or into |q - r| if isRoot is set, in place. Rounding errors
 * become exactly 0.
 * @param own |q|².
 * @param squares |r|² of each column.
 * @param factors What to multiply each inner product by.
 */
export function distances(x: usize, n: i32, own: f32, squares: usize, factors: usize, isRoot: i32): void {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  let i: usize = 0;
  for (; i < vector; i += 16) {
    const d = distance4(v128.load(x + i), own, v128.load(squares + i), v128.load(factors + i), isRoot);
    v128.store(x + i, d);
  }
  for (; i < bytes; i += 4) {
    const product = v128.load32_zero(x + i);
    const d = distance4(product, own, v128.load32_zero(squares + i), v128.load32_zero(factors + i), isRoot);
    v128.store32_lane(x + i, d, 0);
  }
}

@inline
function distance4(product: v128, own: f32, squares: v128, factors: v128, isRoot: i32): v128 {
  const size = f32x4.add(f32x4.splat(own), squares);
  const scaled = f32x4.mul(product, factors);
  const square = f32x4.sub(size, f32x4.add(scaled, scaled));
  // A NaN stays, because it is not small either.
  const kept = v128.andnot(square, f32x4.le(square, f32x4.mul(size, f32x4.splat(<f32>1e-6))));
  return isRoot ? f32x4.sqrt(kept) : kept;
}

/**
 * Turns n derivatives g by distances into those by the inner products, in place. Returns the sum of the derivatives by half the
 * squares, and adds each to `sums` unless that is null.
 * @param roots The distances if they are roots of squares, or null.
 * @param factors As in `distances`.
 */
export function products(g: usize, roots: usize, n: i32, factors: usize, sums: usize): f64 {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  let total = f64x2.splat(0);
  let i: usize = 0;
  for (; i < vector; i += 16) {
    const half = halves(v128.load(g + i), roots ? v128.load(roots + i) : f32x4.splat(0), roots);
    if (sums) v128.store(sums + i, f32x4.add(v128.load(sums + i), half));
    total = f64x2.add(total, f64x2.add(f64x2.promote_low_f32x4(half), high2(half)));
    v128.store(g + i, f32x4.neg(f32x4.mul(half, v128.load(factors + i))));
  }
  for (; i < bytes; i += 4) {
    const root = roots ? v128.load32_zero(roots + i) : f32x4.splat(0);
    const half = f32x4.extract_lane(halves(v128.load32_zero(g + i), root, roots), 0);
    if (sums) store<f32>(sums + i, load<f32>(sums + i) + half);
    total = f64x2.add(total, f64x2.replace_lane(f64x2.splat(0), 0, <f64>half));
    store<f32>(g + i, -(half * load<f32>(factors + i)));
  }
  return sum2(total);
}

/** Returns g / root, 0 where the root is 0; or 2 g without roots. */
@inline
function halves(g: v128, root: v128, hasRoots: usize): v128 {
  if (!hasRoots) return f32x4.add(g, g);
  return v128.and(f32x4.div(g, root), f32x4.ne(root, f32x4.splat(0)));
}
