// One pass over a parameter: its gradient and state read once, state written in place, the new value written apart.

/**
 * AdamW (Loshchilov & Hutter, 2019) as torch.optim.AdamW computes it. rest1 and rest2 are 1 - beta1 and 1 - beta2: taken
 * in float32 here they would lose digits.
 */
export function adamW(
  p: usize, g: usize, m: usize, v: usize, count: i32, out: usize,
  gradScale: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, stepSize: f32, invSqrtCorrection2: f32, eps: f32,
  decay: f32,
): void {
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  const sg = f32x4.splat(gradScale), b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2);
  const c1 = f32x4.splat(rest1), c2 = f32x4.splat(rest2);
  const ss = f32x4.splat(stepSize), ic = f32x4.splat(invSqrtCorrection2), ep = f32x4.splat(eps), de = f32x4.splat(decay);
  let i: usize = 0;
  for (; i < vector; i += 16) {
    const gv = f32x4.mul(v128.load(g + i), sg);
    const mv = f32x4.add(f32x4.mul(b1, v128.load(m + i)), f32x4.mul(c1, gv));
    const vv = f32x4.add(f32x4.mul(b2, v128.load(v + i)), f32x4.mul(c2, f32x4.mul(gv, gv)));
    v128.store(m + i, mv);
    v128.store(v + i, vv);
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(vv), ic), ep);
    v128.store(out + i, f32x4.sub(f32x4.mul(v128.load(p + i), de), f32x4.div(f32x4.mul(ss, mv), denominator)));
  }
  for (; i < bytes; i += 4) {
    const gv = load<f32>(g + i) * gradScale;
    const mv = beta1 * load<f32>(m + i) + rest1 * gv;
    const vv = beta2 * load<f32>(v + i) + rest2 * (gv * gv);
    store<f32>(m + i, mv);
    store<f32>(v + i, vv);
    store<f32>(out + i, load<f32>(p + i) * decay - (stepSize * mv) / (sqrt<f32>(vv) * invSqrtCorrection2 + eps));
  }
}

/** The sum of squares of count floats, in float64 across blocks. */
export function sumSquares(x: usize, count: i32): f64 {
  let total: f64 = 0;
  let i = 0;
  while (i < count) {
    const end = min(count, i + 4096);
    let acc = f32x4.splat(0);
    for (; i + 4 <= end; i += 4) {
      const xv = v128.load(x + (<usize>i << 2));
      acc = f32x4.add(acc, f32x4.mul(xv, xv));
    }
    total += f32x4.extract_lane(acc, 0);
    total += f32x4.extract_lane(acc, 1);
    total += f32x4.extract_lane(acc, 2);
    total += f32x4.extract_lane(acc, 3);
    for (; i < end; i++) {
      const xv = load<f32>(x + (<usize>i << 2));
      total += xv * xv;
    }
  }
  return total;
}
