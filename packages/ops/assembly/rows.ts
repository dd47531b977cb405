// Operations on rows of x[m,d]: scaling to unit length and its gradient, scatter-add and gather.
import { dot } from './simd';

/** y[r] = x[r] / max(|x[r]|, eps). */
export function l2Normalize(x: usize, m: i32, d: i32, eps: f32, y: usize): void {
  const bytes = <usize>d << 2;
  const vector = bytes & ~15;
  for (let r = 0; r < m; r++) {
    const inv = <f32>1 / max<f32>(sqrt<f32>(dot(x, x, d)), eps);
    const s = f32x4.splat(inv);
    let i: usize = 0;
    for (; i < vector; i += 16) v128.store(y + i, f32x4.mul(v128.load(x + i), s));
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) * inv);
    x += bytes;
    y += bytes;
  }
}

/** dx[r] = (dy - y·(y·dy)) / |x|, or dy / eps if the norm was clamped. */
export function l2NormalizeGrad(x: usize, dy: usize, m: i32, d: i32, eps: f32, dx: usize): void {
  const bytes = <usize>d << 2;
  const vector = bytes & ~15;
  for (let r = 0; r < m; r++) {
    const norm = sqrt<f32>(dot(x, x, d));
    const inv = <f32>1 / max<f32>(norm, eps);
    const t = norm > eps ? dot(x, dy, d) * inv * inv : 0;
    const si = f32x4.splat(inv), st = f32x4.splat(t);
    let i: usize = 0;
    for (; i < vector; i += 16) {
      v128.store(dx + i, f32x4.mul(si, f32x4.sub(v128.load(dy + i), f32x4.mul(v128.load(x + i), st))));
    }
    for (; i < bytes; i += 4) store<f32>(dx + i, inv * (load<f32>(dy + i) - load<f32>(x + i) * t));
    x += bytes;
    dy += bytes;
    dx += bytes;
  }
}

/** out[ids[r]] += x[r]; out must be initialized. Rows with ids outside [0, segments) are skipped. */
export function scatterAddRows(x: usize, ids: usize, m: i32, d: i32, segments: i32, out: usize): void {
  const bytes = <usize>d << 2;
  const vector = bytes & ~15;
  for (let r = 0; r < m; r++) {
    const id = load<i32>(ids + (<usize>r << 2));
    if (id >= 0 && id < segments) {
      const to = out + <usize>id * bytes;
      let i: usize = 0;
      for (; i < vector; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(x + i)));
      for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(x + i));
    }
    x += bytes;
  }
}

/** out[r] = x[ids[r]]; ids must be valid rows of x. */
export function gatherRows(x: usize, ids: usize, m: i32, d: i32, out: usize): void {
  const bytes = <usize>d << 2;
  for (let r = 0; r < m; r++) {
    memory.copy(out, x + <usize>load<i32>(ids + (<usize>r << 2)) * bytes, bytes);
    out += bytes;
  }
}
