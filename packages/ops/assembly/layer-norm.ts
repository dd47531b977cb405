// Layer norm over the last axis of x[m,d].
import { madd, sum4 } from './simd';

// The results of statistics(), in globals of the module instead of memory.
let mean: f32 = 0;
let invStd: f32 = 0;

/** Computes the mean of a row and 1 / sqrt(variance + eps), in two passes. */
function statistics(x: usize, d: i32, eps: f32): void {
  const bytes = <usize>d << 2;
  const vector = bytes & ~15;
  let sums = f32x4.splat(0);
  let i: usize = 0;
  for (; i < vector; i += 16) sums = f32x4.add(sums, v128.load(x + i));
  let sum = sum4(sums);
  for (; i < bytes; i += 4) sum += load<f32>(x + i);
  mean = sum / <f32>d;
  const origin = f32x4.splat(mean);
  let squares = f32x4.splat(0);
  for (i = 0; i < vector; i += 16) {
    const centered = f32x4.sub(v128.load(x + i), origin);
    squares = madd(squares, centered, centered);
  }
  let square = sum4(squares);
  for (; i < bytes; i += 4) {
    const centered = load<f32>(x + i) - mean;
    square += centered * centered;
  }
  invStd = <f32>1 / sqrt<f32>(square / <f32>d + eps);
}

/** y = (x - mean)·invStd·gamma + beta. */
export function layerNorm(x: usize, m: i32, d: i32, gamma: usize, beta: usize, eps: f32, y: usize): void {
  const bytes = <usize>d << 2;
  const vector = bytes & ~15;
  for (let row = 0; row < m; row++) {
    statistics(x, d, eps);
    const origin = f32x4.splat(mean), factor = f32x4.splat(invStd);
    let i: usize = 0;
    for (; i < vector; i += 16) {
      const xHat = f32x4.mul(f32x4.sub(v128.load(x + i), origin), factor);
      v128.store(y + i, madd(v128.load(beta + i), xHat, v128.load(gamma + i)));
    }
    for (; i < bytes; i += 4) {
      store<f32>(y + i, (load<f32>(x + i) - mean) * invStd * load<f32>(gamma + i) + load<f32>(beta + i));
    }
    x += bytes;
    y += bytes;
  }
}

/** dx[m,d], dgamma[d] and dbeta[d] of layerNorm in one pass over the rows. */
export function layerNormGrad(
  x: usize, dy: usize, m: i32, d: i32, gamma: usize, eps: f32, dx: usize, dgamma: usize, dbeta: usize,
): void {
  const bytes = <usize>d << 2;
  const vector = bytes & ~15;
  memory.fill(dgamma, 0, bytes);
  memory.fill(dbeta, 0, bytes);
  for (let row = 0; row < m; row++) {
    statistics(x, d, eps);
    const origin = f32x4.splat(mean), factor = f32x4.splat(invStd);
    let sums = f32x4.splat(0), products = sums;
    let sum: f32 = 0, product: f32 = 0;
    let i: usize = 0;
    for (; i < vector; i += 16) {
      const xHat = f32x4.mul(f32x4.sub(v128.load(x + i), origin), factor);
      const dyv = v128.load(dy + i);
      const g = f32x4.mul(dyv, v128.load(gamma + i));
      sums = f32x4.add(sums, g);
      products = madd(products, g, xHat);
      v128.store(dgamma + i, madd(v128.load(dgamma + i), dyv, xHat));
      v128.store(dbeta + i, f32x4.add(v128.load(dbeta + i), dyv));
    }
    for (; i < bytes; i += 4) {
      const xHat = (load<f32>(x + i) - mean) * invStd;
      const dyv = load<f32>(dy + i);
      const g = dyv * load<f32>(gamma + i);
      sum += g;
      product += g * xHat;
      store<f32>(dgamma + i, load<f32>(dgamma + i) + dyv * xHat);
      store<f32>(dbeta + i, load<f32>(dbeta + i) + dyv);
    }
    const meanG = (sum4(sums) + sum) / <f32>d;
    const meanProduct = (sum4(products) + product) / <f32>d;
    const meanG4 = f32x4.splat(meanG), meanProduct4 = f32x4.splat(meanProduct);
    for (i = 0; i < vector; i += 16) {
      const xHat = f32x4.mul(f32x4.sub(v128.load(x + i), origin), factor);
      const g = f32x4.mul(v128.load(dy + i), v128.load(gamma + i));
      v128.store(dx + i, f32x4.mul(f32x4.sub(f32x4.sub(g, meanG4), f32x4.mul(xHat, meanProduct4)), factor));
    }
    for (; i < bytes; i += 4) {
      const xHat = (load<f32>(x + i) - mean) * invStd;
      const g = load<f32>(dy + i) * load<f32>(gamma + i);
      store<f32>(dx + i, (g - meanG - xHat * meanProduct) * invStd);
    }
    x += bytes;
    dy += bytes;
    dx += bytes;
  }
}
