/** y = count floats x with significands rounded to `bits` stored bits, ties to even; NaN becomes the default quiet NaN. */
export function round(x: usize, count: i32, bits: i32, y: usize): void {
  const drop = 23 - bits;
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  let i: usize = 0;
  for (; i < vector; i += 16) v128.store(y + i, round4(v128.load(x + i), drop));
  for (; i < bytes; i += 4) store<f32>(y + i, f32x4.extract_lane(round4(v128.load32_splat(x + i), drop), 0));
}

// Adds just under half a unit of the last kept place, and 1 if that place is odd: the carry rounds ties to even.
@inline
function round4(v: v128, drop: i32): v128 {
  const odd = v128.and(i32x4.shr_u(v, drop), i32x4.splat(1));
  const carried = i32x4.add(v, i32x4.add(odd, i32x4.splat((1 << (drop - 1)) - 1)));
  const kept = v128.and(carried, i32x4.splat(-(1 << drop)));
  const isNaN = i32x4.gt_s(v128.and(v, i32x4.splat(0x7fffffff)), i32x4.splat(0x7f800000));
  return v128.bitselect(i32x4.splat(0x7fc00000), kept, isNaN);
}

/** y = the upper halves of x, rounded to bfloat16: count 16-bit values, followed by a zero if count is odd. */
export function packBfloat16(x: usize, count: i32, y: usize): void {
  const values = <usize>count;
  const vector = values & ~7;
  let i: usize = 0;
  for (; i < vector; i += 8) {
    const low = round4(v128.load(x + (i << 2)), 16);
    const high = round4(v128.load(x + (i << 2), 16), 16);
    v128.store(y + (i << 1), v128.shuffle<u16>(low, high, 1, 3, 5, 7, 9, 11, 13, 15));
  }
  for (; i < values; i++) {
    store<u16>(y + (i << 1), <u16>i16x8.extract_lane_u(round4(v128.load32_splat(x + (i << 2)), 16), 1));
  }
  if (values & 1) store<u16>(y + (values << 1), 0);
}

/** y = the count floats whose upper halves are x. */
export function unpackBfloat16(x: usize, count: i32, y: usize): void {
  const values = <usize>count;
  const vector = values & ~7;
  const zero = i32x4.splat(0);
  let i: usize = 0;
  for (; i < vector; i += 8) {
    const halves = v128.load(x + (i << 1));
    v128.store(y + (i << 2), v128.shuffle<u16>(zero, halves, 0, 8, 0, 9, 0, 10, 0, 11));
    v128.store(y + (i << 2), v128.shuffle<u16>(zero, halves, 0, 12, 0, 13, 0, 14, 0, 15), 16);
  }
  for (; i < values; i++) store<u32>(y + (i << 2), <u32>load<u16>(x + (i << 1)) << 16);
}

/** Returns how many of count floats are infinite or NaN. */
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
