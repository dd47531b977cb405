// Shared inline pieces. Everything here works on byte addresses in the TensorFlow.js backend's own memory;
// there is no heap and no static data of ours, so nothing can collide with the host's.

@inline
export function madd(acc: v128, a: v128, b: v128): v128 {
  // One rounding and one instruction in the build for engines that have it.
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, acc);
  return f32x4.add(acc, f32x4.mul(a, b));
}

@inline
export function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** The dot product of two rows of d floats. */
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

// pmin and pmax below are one instruction where min and max are eight; with the variable first they too pass NaN on.

// e^x to within 2 units in the last place; 0 below -87.3, where float32 has no normal numbers left. x = n·ln 2 + r with
// |r| <= ln 2 / 2; ln 2 in two parts, so that n·ln 2 is exact. The polynomial is e^r's Taylor series to the 7th power.
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

// Activation codes, as in src/activation.ts: 0 identity, 1 ReLU, 2 hard-swish, 3 hard-sigmoid, 4 ReLU6, 5 SiLU, 6 sigmoid.
@inline
export function activate4(z: v128, code: i32): v128 {
  if (code == 1) return f32x4.pmax(z, f32x4.splat(0));
  if (code == 2 || code == 3) {
    const gate = f32x4.mul(
      f32x4.pmin(f32x4.pmax(f32x4.add(z, f32x4.splat(3)), f32x4.splat(0)), f32x4.splat(6)),
      f32x4.splat(<f32>(1.0 / 6.0)),
    );
    return code == 2 ? f32x4.mul(z, gate) : gate;
  }
  if (code == 4) return f32x4.pmin(f32x4.pmax(z, f32x4.splat(0)), f32x4.splat(6));
  if (code == 5) return f32x4.mul(z, sigmoid4(z));
  if (code == 6) return sigmoid4(z);
  return z;
}

// Of one value: the first lane, so that a row's tail has the same bits as its start.
@inline
export function activate1(z: f32, code: i32): f32 {
  return f32x4.extract_lane(activate4(f32x4.splat(z), code), 0);
}

// dy times the activation's derivative at z.
@inline
export function activateGrad4(dy: v128, z: v128, code: i32): v128 {
  if (code == 1) return v128.and(dy, f32x4.gt(z, f32x4.splat(0)));
  if (code == 2) {
    const inside = f32x4.mul(dy, f32x4.add(f32x4.mul(z, f32x4.splat(<f32>(1.0 / 3.0))), f32x4.splat(0.5)));
    const right = v128.bitselect(dy, inside, f32x4.ge(z, f32x4.splat(3)));
    return v128.and(right, f32x4.gt(z, f32x4.splat(-3)));
  }
  if (code == 3) {
    const inside = v128.and(f32x4.gt(z, f32x4.splat(-3)), f32x4.lt(z, f32x4.splat(3)));
    return v128.and(f32x4.mul(dy, f32x4.splat(<f32>(1.0 / 6.0))), inside);
  }
  if (code == 4) return v128.and(dy, v128.and(f32x4.gt(z, f32x4.splat(0)), f32x4.lt(z, f32x4.splat(6))));
  if (code == 5 || code == 6) {
    const s = sigmoid4(z);
    const falling = f32x4.sub(f32x4.splat(1), s);
    const slope = code == 6 ? falling : madd(f32x4.splat(1), z, falling);
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
