// One pass over a parameter: reads gradient and state once, updates the state in place and writes the new value to out.

/**
 * AdamW (Loshchilov & Hutter, 2019) as in torch.optim.AdamW. rest1 and rest2 are 1 - beta1 and 1 - beta2, which lose
 * precision if computed in float32. decay is the factor on the parameter, 1 - lr·weightDecay.
 */
export function adamW(
  parameter: usize, gradient: usize, expAvg: usize, expAvgSq: usize, count: i32, out: usize,
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
    const gv = f32x4.mul(v128.load(gradient + i), sg);
    const mv = f32x4.add(f32x4.mul(b1, v128.load(expAvg + i)), f32x4.mul(c1, gv));
    const vv = f32x4.add(f32x4.mul(b2, v128.load(expAvgSq + i)), f32x4.mul(c2, f32x4.mul(gv, gv)));
    v128.store(expAvg + i, mv);
    v128.store(expAvgSq + i, vv);
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(vv), ic), ep);
    v128.store(out + i, f32x4.sub(f32x4.mul(v128.load(parameter + i), de), f32x4.div(f32x4.mul(ss, mv), denominator)));
  }
  for (; i < bytes; i += 4) {
    const gv = load<f32>(gradient + i) * gradScale;
    const mv = beta1 * load<f32>(expAvg + i) + rest1 * gv;
    const vv = beta2 * load<f32>(expAvgSq + i) + rest2 * (gv * gv);
    store<f32>(expAvg + i, mv);
    store<f32>(expAvgSq + i, vv);
    store<f32>(out + i, load<f32>(parameter + i) * decay - (stepSize * mv) / (sqrt<f32>(vv) * invSqrtCorrection2 + eps));
  }
}

/** Returns the sum of squares of count floats, summed in float64 across blocks. */
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

/**
 * SGD as in torch.optim.SGD, with direction = gradient·gradScale + weightDecay·parameter. The momentum buffer, if not null,
 * becomes kept·buffer + entering·direction in place. The buffer then replaces the direction; if nesterov is set, the direction
 * becomes direction + momentum·buffer instead.
 */
export function sgd(
  parameter: usize, gradient: usize, buffer: usize, count: i32, out: usize,
  gradScale: f32, weightDecay: f32, momentum: f32, kept: f32, entering: f32, nesterov: i32, lr: f32,
): void {
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  const sg = f32x4.splat(gradScale), wd = f32x4.splat(weightDecay), mo = f32x4.splat(momentum);
  const ke = f32x4.splat(kept), en = f32x4.splat(entering), rate = f32x4.splat(lr);
  let i: usize = 0;
  for (; i < vector; i += 16) {
    const pv = v128.load(parameter + i);
    let d = f32x4.add(f32x4.mul(v128.load(gradient + i), sg), f32x4.mul(wd, pv));
    if (buffer) {
      const b = f32x4.add(f32x4.mul(ke, v128.load(buffer + i)), f32x4.mul(en, d));
      v128.store(buffer + i, b);
      d = nesterov ? f32x4.add(d, f32x4.mul(mo, b)) : b;
    }
    v128.store(out + i, f32x4.sub(pv, f32x4.mul(rate, d)));
  }
  for (; i < bytes; i += 4) {
    const pv = load<f32>(parameter + i);
    let d = load<f32>(gradient + i) * gradScale + weightDecay * pv;
    if (buffer) {
      const b = kept * load<f32>(buffer + i) + entering * d;
      store<f32>(buffer + i, b);
      d = nesterov ? d + momentum * b : b;
    }
    store<f32>(out + i, pv - lr * d);
  }
}

/** out = keep·average + take·latest. */
export function movingAverage(average: usize, latest: usize, count: i32, keep: f32, take: f32, out: usize): void {
  const bytes = <usize>count << 2;
  const vector = bytes & ~15;
  const k = f32x4.splat(keep), t = f32x4.splat(take);
  let i: usize = 0;
  for (; i < vector; i += 16) {
    v128.store(out + i, f32x4.add(f32x4.mul(k, v128.load(average + i)), f32x4.mul(t, v128.load(latest + i))));
  }
  for (; i < bytes; i += 4) store<f32>(out + i, keep * load<f32>(average + i) + take * load<f32>(latest + i));
}
