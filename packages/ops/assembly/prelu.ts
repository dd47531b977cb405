// PReLU over rows x[m,c] with one slope per channel.
import { madd } from './simd';

/** Rows that are summed in float32. */
const BLOCK: i32 = 128;

/** y = x if x > 0, else slope·x, with slope[c]. */
export function prelu(x: usize, m: i32, c: i32, slope: usize, y: usize): void {
  const pixel = <usize>c << 2;
  const vector = pixel & ~15;
  const zero = f32x4.splat(0);
  for (let row = 0; row < m; row++) {
    let ch: usize = 0;
    for (; ch < vector; ch += 16) {
      const v = v128.load(x + ch);
      v128.store(y + ch, v128.bitselect(v, f32x4.mul(v, v128.load(slope + ch)), f32x4.gt(v, zero)));
    }
    for (; ch < pixel; ch += 4) {
      const v = load<f32>(x + ch);
      store<f32>(y + ch, v > 0 ? v : v * load<f32>(slope + ch));
    }
    x += pixel;
    y += pixel;
  }
}

/** dx = dy if x > 0, else slope·dy, with slope[c]. */
export function preluGradInput(x: usize, dy: usize, m: i32, c: i32, slope: usize, dx: usize): void {
  const pixel = <usize>c << 2;
  const vector = pixel & ~15;
  const zero = f32x4.splat(0);
  for (let row = 0; row < m; row++) {
    let ch: usize = 0;
    for (; ch < vector; ch += 16) {
      const g = v128.load(dy + ch);
      const positive = f32x4.gt(v128.load(x + ch), zero);
      v128.store(dx + ch, v128.bitselect(g, f32x4.mul(g, v128.load(slope + ch)), positive));
    }
    for (; ch < pixel; ch += 4) {
      const g = load<f32>(dy + ch);
      store<f32>(dx + ch, load<f32>(x + ch) > 0 ? g : g * load<f32>(slope + ch));
    }
    x += pixel;
    dy += pixel;
    dx += pixel;
  }
}

/** dslope[c] = Σ dy·min(x, 0), in float32 within blocks of rows and float64 across blocks; sums holds 8 bytes per channel. */
export function preluGradSlope(x: usize, dy: usize, m: i32, c: i32, dslope: usize, sums: usize): void {
  const pixel = <usize>c << 2;
  const vector = c & ~3;
  memory.fill(sums, 0, <usize>c << 3);
  for (let row = 0; row < m; row += BLOCK) {
    const rows = min(BLOCK, m - row);
    const offset = <usize>row * pixel;
    let ch = 0;
    for (; ch < vector; ch += 4) {
      const at = <usize>ch << 2;
      let from = x + offset + at;
      let grad = dy + offset + at;
      let s = f32x4.splat(0);
      for (let r = 0; r < rows; r++) {
        s = madd(s, f32x4.min(v128.load(from), f32x4.splat(0)), v128.load(grad));
        from += pixel;
        grad += pixel;
      }
      const to = sums + (at << 1);
      v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(s)));
      const high = i32x4.shuffle(s, s, 2, 3, 2, 3);
      v128.store(to + 16, f64x2.add(v128.load(to + 16), f64x2.promote_low_f32x4(high)));
    }
    for (; ch < c; ch++) {
      const at = <usize>ch << 2;
      let from = x + offset + at;
      let grad = dy + offset + at;
      let s: f32 = 0;
      for (let r = 0; r < rows; r++) {
        s += min<f32>(load<f32>(from), 0) * load<f32>(grad);
        from += pixel;
        grad += pixel;
      }
      const to = sums + (at << 1);
      store<f64>(to, load<f64>(to) + s);
    }
  }
  for (let ch: usize = 0; ch < <usize>c; ch++) store<f32>(dslope + (ch << 2), <f32>load<f64>(sums + (ch << 3)));
}
