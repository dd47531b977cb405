/** y = x with its significands rounded to `bits` stored bits, ties to even, over count floats; NaN is the quiet one. */
export function round(x: usize, count: i32, bits: i32, y: usize): void {
  const drop = 23 - bits;
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  let i: usize = 0;
  for (; i < vector; i += 16) v128.store(y + i, round4(v128.load(x + i), drop));
  for (; i < bytes; i += 4) store<f32>(y + i, f32x4.extract_lane(round4(v128.load32_splat(x + i), drop), 0));
}

// Just under half of the last place kept, and 1 more where that is odd, carries as rounding should.
@inline
function round4(v: v128, drop: i32): v128 {
  const odd = v128.and(i32x4.shr_u(v, drop), i32x4.splat(1));
  const carried = i32x4.add(v, i32x4.add(odd, i32x4.splat((1 << (drop - 1)) - 1)));
  const kept = v128.and(carried, i32x4.splat(-(1 << drop)));
  const isNaN = i32x4.gt_s(v128.and(v, i32x4.splat(0x7fffffff)), i32x4.splat(0x7f800000));
  return v128.bitselect(i32x4.splat(0x7fc00000), kept, isNaN);
}

/** How many of count floats are infinite or NaN. */
export function countNonFinite(x: usize, count: i32): i32 {
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  const size = i32x4.splat(0x7fffffff), infinity = i32x4.splat(0x7f800000);
  let sums = i32x4.splat(0);
  let i: usize = 0;
  for (; i < vector; i += 16) {
    sums = i32x4.sub(sums, i32x4.ge_s(v128.and(v128.load(x + i), size), infinity));
  }
  let total =
    i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  for (; i < bytes; i += 4) total += i32((load<i32>(x + i) & 0x7fffffff) >= 0x7f800000);
  return total;
}
