// Rows of exponentials in the memory of the TensorFlow.js backend; see rows.ts.
import { exp1, exp4, high2, sum2 } from './simd';

/** Returns the largest factor · x over n floats. */
export function largest(x: usize, n: i32, factor: f32): f32 {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  const factors = f32x4.splat(factor);
  let most = f32x4.splat(-f32.MAX_VALUE);
  let i: usize = 0;
  for (; i < vector; i += 16) most = f32x4.pmax(f32x4.mul(v128.load(x + i), factors), most);
  for (; i < bytes; i += 4) most = f32x4.pmax(f32x4.splat(load<f32>(x + i) * factor), most);
  return max<f32>(
    max<f32>(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max<f32>(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
}

/** x = exp(factor · x - top) over n floats. Returns the sum. */
export function exponentials(x: usize, n: i32, factor: f32, top: f32): f64 {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  const factors = f32x4.splat(factor);
  const tops = f32x4.splat(top);
  let sums = f64x2.splat(0);
  let i: usize = 0;
  for (; i < vector; i += 16) {
    const e = exp4(f32x4.sub(f32x4.mul(v128.load(x + i), factors), tops));
    v128.store(x + i, e);
    sums = f64x2.add(sums, f64x2.add(f64x2.promote_low_f32x4(e), high2(e)));
  }
  let sum = sum2(sums);
  for (; i < bytes; i += 4) {
    const e = exp1(load<f32>(x + i) * factor - top);
    store<f32>(x + i, e);
    sum += <f64>e;
  }
  return sum;
}

/** Replaces all but the first largest value of each group of `size` floats by -Infinity. */
export function keepLargest(x: usize, groups: i32, size: i32): void {
  const step = <usize>size << 2;
  const end = x + <usize>groups * step;
  const last = end - (<usize>groups & 3) * step;
  const lowest = f32x4.splat(-f32.MAX_VALUE);
  const nothing = f32x4.splat(-Infinity);
  // Four groups at a time.
  for (; x < last; x += 4 * step) {
    let most = lowest;
    for (let k: usize = 0; k < step; k += 4) most = f32x4.pmax(gather(x + k, step), most);
    // Set where the largest value has been found.
    let found = i32x4.splat(0);
    for (let k: usize = 0; k < step; k += 4) {
      const v = gather(x + k, step);
      const isLargest = v128.andnot(f32x4.ge(v, most), found);
      found = v128.or(found, isLargest);
      const kept = v128.bitselect(v, nothing, isLargest);
      v128.store32_lane(x + k, kept, 0);
      v128.store32_lane(x + k + step, kept, 1);
      v128.store32_lane(x + k + 2 * step, kept, 2);
      v128.store32_lane(x + k + 3 * step, kept, 3);
    }
  }
  for (; x < end; x += step) {
    let best = x;
    for (let at = x + 4; at < x + step; at += 4) if (load<f32>(at) > load<f32>(best)) best = at;
    for (let at = x; at < x + step; at += 4) if (at != best) store<f32>(at, -Infinity);
  }
}

/** Loads the values at x, x + step, x + 2 · step and x + 3 · step. */
@inline
function gather(x: usize, step: usize): v128 {
  let v = v128.load32_zero(x);
  v = v128.load32_lane(x + step, v, 1);
  v = v128.load32_lane(x + 2 * step, v, 2);
  return v128.load32_lane(x + 3 * step, v, 3);
}
