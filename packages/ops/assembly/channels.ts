// Sums, broadcasts and products over the pixels of an image or the rows of a matrix, channels last.
import { madd } from './simd';

/** y[n,c] = the mean of x[n,pixels,c] over the pixels. */
export function globalAveragePool(x: usize, n: i32, pixels: i32, c: i32, y: usize): void {
  const bytes = <usize>c << 2;
  const factor = <f32>1 / <f32>pixels;
  for (let image = 0; image < n; image++) {
    columnSums(x, pixels, c, y, factor);
    x += <usize>pixels * bytes;
    y += bytes;
  }
}

/** dx[n,pixels,c] = dy[n,c] / pixels at every pixel. */
export function globalAveragePoolGrad(dy: usize, n: i32, pixels: i32, c: i32, dx: usize): void {
  const bytes = <usize>c << 2;
  const factor = <f32>1 / <f32>pixels;
  for (let image = 0; image < n; image++) {
    for (let i: usize = 0; i < bytes; i += 4) store<f32>(dx + i, load<f32>(dy + i) * factor);
    for (let pixel = 1; pixel < pixels; pixel++) memory.copy(dx + <usize>pixel * bytes, dx, bytes);
    dx += <usize>pixels * bytes;
    dy += bytes;
  }
}

/** y = x[n,pixels,c] · gate[n,c]. */
export function scaleChannels(x: usize, gate: usize, n: i32, pixels: i32, c: i32, y: usize): void {
  const bytes = <usize>c << 2;
  const vector = bytes & ~15;
  for (let image = 0; image < n; image++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      let i: usize = 0;
      for (; i < vector; i += 16) v128.store(y + i, f32x4.mul(v128.load(x + i), v128.load(gate + i)));
      for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) * load<f32>(gate + i));
      x += bytes;
      y += bytes;
    }
    gate += bytes;
  }
}

/** dgate[n,c] = the sum of dy·x over the pixels. */
export function scaleChannelsGradGate(x: usize, dy: usize, n: i32, pixels: i32, c: i32, dgate: usize): void {
  const bytes = <usize>c << 2;
  const vector = bytes & ~15;
  memory.fill(dgate, 0, <usize>n * bytes);
  for (let image = 0; image < n; image++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      let i: usize = 0;
      for (; i < vector; i += 16) {
        v128.store(dgate + i, madd(v128.load(dgate + i), v128.load(x + i), v128.load(dy + i)));
      }
      for (; i < bytes; i += 4) store<f32>(dgate + i, load<f32>(dgate + i) + load<f32>(x + i) * load<f32>(dy + i));
      x += bytes;
      dy += bytes;
    }
    dgate += bytes;
  }
}

/** y = x[m,c] + bias[c]. */
export function addBias(x: usize, m: i32, c: i32, bias: usize, y: usize): void {
  const bytes = <usize>c << 2;
  const vector = bytes & ~15;
  for (let row = 0; row < m; row++) {
    let i: usize = 0;
    for (; i < vector; i += 16) v128.store(y + i, f32x4.add(v128.load(x + i), v128.load(bias + i)));
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) + load<f32>(bias + i));
    x += bytes;
    y += bytes;
  }
}

/** sums[c] = factor · the sum of the m rows of x. Partial sums of 256 rows limit the rounding error of many rows. */
export function columnSums(x: usize, m: i32, c: i32, sums: usize, factor: f32): void {
  const bytes = <usize>c << 2;
  const vector = bytes & ~15;
  let i: usize = 0;
  for (; i < vector; i += 16) {
    let total = f32x4.splat(0);
    let from = x + i;
    for (let row = 0; row < m; row += 256) {
      let part = f32x4.splat(0);
      for (let end = min(m, row + 256), r = row; r < end; r++) {
        part = f32x4.add(part, v128.load(from));
        from += bytes;
      }
      total = f32x4.add(total, part);
    }
    v128.store(sums + i, f32x4.mul(total, f32x4.splat(factor)));
  }
  for (; i < bytes; i += 4) {
    let total: f32 = 0;
    let from = x + i;
    for (let row = 0; row < m; row++) {
      total += load<f32>(from);
      from += bytes;
    }
    store<f32>(sums + i, total * factor);
  }
}
