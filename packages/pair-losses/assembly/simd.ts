// Shared inline functions.

@inline
export function sum2(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

// Returns e^x to within 2 units in the last place, and 0 below -87.3, as exp4 of @unitsphere/ops does. It splits x into n·ln 2 + r
// and adds the Taylor series of e^r to degree 7. pmin and pmax compile to one instruction. With the variable first, they propagate NaN.
@inline
export function exp4(x: v128): v128 {
  const low = f32x4.lt(x, f32x4.splat(-87.3));
  const clipped = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87.3)), f32x4.splat(88.3));
  const n = f32x4.nearest(f32x4.mul(clipped, f32x4.splat(<f32>1.4426950408889634)));
  let r = f32x4.sub(clipped, f32x4.mul(n, f32x4.splat(<f32>0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(<f32>-2.1219444e-4)));
  let p = f32x4.splat(<f32>(1.0 / 5040.0));
  p = f32x4.add(f32x4.splat(<f32>(1.0 / 720.0)), f32x4.mul(p, r));
  p = f32x4.add(f32x4.splat(<f32>(1.0 / 120.0)), f32x4.mul(p, r));
  p = f32x4.add(f32x4.splat(<f32>(1.0 / 24.0)), f32x4.mul(p, r));
  p = f32x4.add(f32x4.splat(<f32>(1.0 / 6.0)), f32x4.mul(p, r));
  p = f32x4.add(f32x4.splat(0.5), f32x4.mul(p, r));
  p = f32x4.add(f32x4.splat(1), f32x4.mul(p, r));
  p = f32x4.add(f32x4.splat(1), f32x4.mul(p, r));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), low);
}

@inline
export function high2(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1));
}

@inline
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}
