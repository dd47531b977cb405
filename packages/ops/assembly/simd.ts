import { GELU, HARD_SIGMOID, HARD_SWISH, QUICK_GELU, RELU, RELU6, SIGMOID, SILU } from './activation-codes.generated';

// Shared inline functions. All addresses are bytes in the memory of the TensorFlow.js backend. The kernels have no heap and no
// static data, so nothing collides with the host's.

@inline
export function madd(acc: v128, a: v128, b: v128): v128 {
  // One instruction with a single rounding, in the build for engines that support it.
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, acc);
  return f32x4.add(acc, f32x4.mul(a, b));
}

@inline
export function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** Returns the dot product of two rows of d floats. */
@inline
export function dot(a: usize, b: usize, d: i32): f32 {
  const bytes = <usize>d << 2;
  const vector = bytes & ~15;
  let acc = f32x4.splat(0);
  let i: usize = 0;
  for (; i < vector; i += 16) acc = madd(acc, v128.load(a + i), v128.load(b + i));
  let s = sum4(acc);
  for (; i < bytes; i += 4) s += load<f32>(a + i) * load<f32>(b + i);
  return s;
}

// pmin and pmax below compile to one instruction, min and max to eight. With the variable first, they propagate NaN too.

// Returns e^x to within 2 units in the last place, and 0 below -87.3, where the result would be subnormal. x = n·ln 2 + r with
// |r| <= ln 2 / 2; ln 2 is split in two parts so that n·ln 2 is exact. The polynomial is the Taylor series of e^r to degree 7.
@inline
export function exp4(x: v128): v128 {
  const low = f32x4.lt(x, f32x4.splat(-87.3));
  const clipped = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87.3)), f32x4.splat(88.3));
  const n = f32x4.nearest(f32x4.mul(clipped, f32x4.splat(<f32>1.4426950408889634)));
  let r = f32x4.sub(clipped, f32x4.mul(n, f32x4.splat(<f32>0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(<f32>-2.1219444e-4)));
  let p = f32x4.splat(<f32>(1.0 / 5040.0));
  p = madd(f32x4.splat(<f32>(1.0 / 720.0)), p, r);
  p = madd(f32x4.splat(<f32>(1.0 / 120.0)), p, r);
  p = madd(f32x4.splat(<f32>(1.0 / 24.0)), p, r);
  p = madd(f32x4.splat(<f32>(1.0 / 6.0)), p, r);
  p = madd(f32x4.splat(0.5), p, r);
  p = madd(f32x4.splat(1), p, r);
  p = madd(f32x4.splat(1), p, r);
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), low);
}

@inline
function sigmoid4(z: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(z))));
}

/** Returns the error function by the rational approximation of XLA, to within 4 units in the last place of 1. */
@inline
function erf4(v: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(v, f32x4.splat(-4)), f32x4.splat(4));
  const square = f32x4.mul(x, x);
  let p = f32x4.splat(<f32>-2.72614225801306e-10);
  p = madd(f32x4.splat(<f32>2.77068142495902e-8), p, square);
  p = madd(f32x4.splat(<f32>-2.10102402082508e-6), p, square);
  p = madd(f32x4.splat(<f32>-5.69250639462346e-5), p, square);
  p = madd(f32x4.splat(<f32>-7.34990630326855e-4), p, square);
  p = madd(f32x4.splat(<f32>-2.95459980854025e-3), p, square);
  p = madd(f32x4.splat(<f32>-1.60960333262415e-2), p, square);
  let q = f32x4.splat(<f32>-1.45660718464996e-5);
  q = madd(f32x4.splat(<f32>-2.13374055278905e-4), q, square);
  q = madd(f32x4.splat(<f32>-1.68282697438203e-3), q, square);
  q = madd(f32x4.splat(<f32>-7.37332916720468e-3), q, square);
  q = madd(f32x4.splat(<f32>-1.42647390514189e-2), q, square);
  // From 4 on, float32 has only 1. Large values are multiplied by the rest, so it must be exact.
  const inside = v128.bitselect(f32x4.splat(1), f32x4.div(f32x4.mul(x, p), q), f32x4.gt(v, f32x4.splat(4)));
  return v128.bitselect(f32x4.splat(-1), inside, f32x4.lt(v, f32x4.splat(-4)));
}

/** Returns the cumulative probability of the standard normal distribution. */
@inline
function cumulative4(z: v128): v128 {
  return madd(f32x4.splat(0.5), erf4(f32x4.mul(z, f32x4.splat(<f32>0.7071067811865476))), f32x4.splat(0.5));
}

const QUICK_GELU_SLOPE: f32 = 1.702;

/** Returns activation(z) of four values. */
@inline
export function activate4(z: v128, code: i32): v128 {
  if (code == RELU) return f32x4.pmax(z, f32x4.splat(0));
  if (code == HARD_SWISH || code == HARD_SIGMOID) {
    const gate = f32x4.mul(
      f32x4.pmin(f32x4.pmax(f32x4.add(z, f32x4.splat(3)), f32x4.splat(0)), f32x4.splat(6)),
      f32x4.splat(<f32>(1.0 / 6.0)),
    );
    return code == HARD_SWISH ? f32x4.mul(z, gate) : gate;
  }
  if (code == RELU6) return f32x4.pmin(f32x4.pmax(z, f32x4.splat(0)), f32x4.splat(6));
  if (code == SILU) return f32x4.mul(z, sigmoid4(z));
  if (code == SIGMOID) return sigmoid4(z);
  if (code == GELU) return f32x4.mul(z, cumulative4(z));
  if (code == QUICK_GELU) return f32x4.mul(z, sigmoid4(f32x4.mul(z, f32x4.splat(QUICK_GELU_SLOPE))));
  return z;
}

/** Returns activation(z) of one value, by the same instructions, so that a row's tail is bit-identical to its start. */
@inline
export function activate1(z: f32, code: i32): f32 {
  return f32x4.extract_lane(activate4(f32x4.splat(z), code), 0);
}

/** Returns dy·activation'(z) of four values. */
@inline
export function activateGrad4(dy: v128, z: v128, code: i32): v128 {
  if (code == RELU) return v128.and(dy, f32x4.gt(z, f32x4.splat(0)));
  if (code == HARD_SWISH) {
    const inside = f32x4.mul(dy, f32x4.add(f32x4.mul(z, f32x4.splat(<f32>(1.0 / 3.0))), f32x4.splat(0.5)));
    const right = v128.bitselect(dy, inside, f32x4.ge(z, f32x4.splat(3)));
    return v128.and(right, f32x4.gt(z, f32x4.splat(-3)));
  }
  if (code == HARD_SIGMOID) {
    const inside = v128.and(f32x4.gt(z, f32x4.splat(-3)), f32x4.lt(z, f32x4.splat(3)));
    return v128.and(f32x4.mul(dy, f32x4.splat(<f32>(1.0 / 6.0))), inside);
  }
  if (code == RELU6) return v128.and(dy, v128.and(f32x4.gt(z, f32x4.splat(0)), f32x4.lt(z, f32x4.splat(6))));
  if (code == SILU || code == SIGMOID) {
    const s = sigmoid4(z);
    const falling = f32x4.sub(f32x4.splat(1), s);
    const slope = code == SIGMOID ? falling : madd(f32x4.splat(1), z, falling);
    return f32x4.mul(dy, f32x4.mul(s, slope));
  }
  if (code == GELU) {
    const power = f32x4.mul(f32x4.mul(z, z), f32x4.splat(-0.5));
    const density = f32x4.mul(exp4(power), f32x4.splat(<f32>0.3989422804014327));
    return f32x4.mul(dy, madd(cumulative4(z), z, density));
  }
  if (code == QUICK_GELU) {
    const scaled = f32x4.mul(z, f32x4.splat(QUICK_GELU_SLOPE));
    const s = sigmoid4(scaled);
    const slope = madd(f32x4.splat(1), scaled, f32x4.sub(f32x4.splat(1), s));
    return f32x4.mul(dy, f32x4.mul(s, slope));
  }
  return dy;
}

@inline
export function activateGrad1(dy: f32, z: f32, code: i32): f32 {
  return f32x4.extract_lane(activateGrad4(f32x4.splat(dy), f32x4.splat(z), code), 0);
}

@inline
export function max4(v: v128): f32 {
  return max<f32>(
    max<f32>(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max<f32>(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

@inline
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}
