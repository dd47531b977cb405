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

// Activation codes, as in src/activation.ts: 0 identity, 1 ReLU, 2 hard-swish, 3 hard-sigmoid.
@inline
export function activate4(z: v128, code: i32): v128 {
  if (code == 1) return f32x4.max(z, f32x4.splat(0));
  if (code >= 2) {
    const gate = f32x4.mul(
      f32x4.min(f32x4.max(f32x4.add(z, f32x4.splat(3)), f32x4.splat(0)), f32x4.splat(6)),
      f32x4.splat(<f32>(1.0 / 6.0)),
    );
    return code == 2 ? f32x4.mul(z, gate) : gate;
  }
  return z;
}

@inline
export function activate1(z: f32, code: i32): f32 {
  if (code == 1) return max<f32>(z, 0);
  if (code >= 2) {
    const gate = min<f32>(max<f32>(z + 3, 0), 6) * <f32>(1.0 / 6.0);
    return code == 2 ? z * gate : gate;
  }
  return z;
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
  return dy;
}

@inline
export function activateGrad1(dy: f32, z: f32, code: i32): f32 {
  if (code == 1) return z > 0 ? dy : 0;
  if (code == 2) {
    if (z <= -3) return 0;
    return z >= 3 ? dy : dy * (z * <f32>(1.0 / 3.0) + 0.5);
  }
  if (code == 3) return z > -3 && z < 3 ? dy * <f32>(1.0 / 6.0) : 0;
  return dy;
}
