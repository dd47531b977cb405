// Softmax over the rows of a matrix, and its gradient.
import { dot, exp1, exp4, max4, sum4 } from './simd';

/** x[m,n] = softmax(factor · x) of each row, in place. */
export function softmaxRows(x: usize, m: i32, n: i32, factor: f32): void {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  const scale = f32x4.splat(factor);
  for (let r = 0; r < m; r++) {
    let highest = -f32.MAX_VALUE;
    let i: usize = 0;
    if (vector) {
      let most = f32x4.splat(highest);
      for (; i < vector; i += 16) most = f32x4.pmax(f32x4.mul(v128.load(x + i), scale), most);
      highest = max4(most);
    }
    for (; i < bytes; i += 4) highest = max<f32>(highest, load<f32>(x + i) * factor);
    const most = f32x4.splat(highest);
    let sums = f32x4.splat(0);
    for (i = 0; i < vector; i += 16) {
      const e = exp4(f32x4.sub(f32x4.mul(v128.load(x + i), scale), most));
      v128.store(x + i, e);
      sums = f32x4.add(sums, e);
    }
    let sum = sum4(sums);
    for (; i < bytes; i += 4) {
      const e = exp1(load<f32>(x + i) * factor - highest);
      store<f32>(x + i, e);
      sum += e;
    }
    const inverse: f32 = <f32>1 / sum;
    const inverses = f32x4.splat(inverse);
    for (i = 0; i < vector; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), inverses));
    for (; i < bytes; i += 4) store<f32>(x + i, load<f32>(x + i) * inverse);
    x += bytes;
  }
}

/** dp[m,n] = factor · p · (dp - Σ dp·p) of each row, in place: the gradient of x for p = softmax(factor · x). */
export function softmaxRowsGrad(p: usize, dp: usize, m: i32, n: i32, factor: f32): void {
  const bytes = <usize>n << 2;
  const vector = bytes & ~15;
  const scale = f32x4.splat(factor);
  for (let r = 0; r < m; r++) {
    const sum = dot(p, dp, n);
    const sums = f32x4.splat(sum);
    let i: usize = 0;
    for (; i < vector; i += 16) {
      const centered = f32x4.sub(v128.load(dp + i), sums);
      v128.store(dp + i, f32x4.mul(f32x4.mul(v128.load(p + i), centered), scale));
    }
    for (; i < bytes; i += 4) store<f32>(dp + i, load<f32>(p + i) * (load<f32>(dp + i) - sum) * factor);
    p += bytes;
    dp += bytes;
  }
}
