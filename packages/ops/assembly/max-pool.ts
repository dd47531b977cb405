// Max pooling of NHWC images; padding is never the largest value.

/** y[n,oh,ow,c] = the largest value of each k x k window of x[n,h,w,c]; padding must be less than k, so no window is empty. */
export function maxPool(
  x: usize, n: i32, h: i32, w: i32, c: i32, k: i32, stride: i32, padding: i32, oh: i32, ow: i32, y: usize,
): void {
  const pixel = <usize>c << 2;
  const vector = pixel & ~15;
  for (let image = 0; image < n; image++) {
    for (let oy = 0; oy < oh; oy++) {
      const top = max(oy * stride - padding, 0), bottom = min(oy * stride - padding + k, h);
      for (let ox = 0; ox < ow; ox++) {
        const left = max(ox * stride - padding, 0), right = min(ox * stride - padding + k, w);
        let ch: usize = 0;
        for (; ch < vector; ch += 16) {
          let best = f32x4.splat(-Infinity);
          for (let iy = top; iy < bottom; iy++) {
            let from = x + <usize>((image * h + iy) * w + left) * pixel + ch;
            for (let ix = left; ix < right; ix++) {
              best = f32x4.max(best, v128.load(from));
              from += pixel;
            }
          }
          v128.store(y + ch, best);
        }
        for (; ch < pixel; ch += 4) {
          let best: f32 = -Infinity;
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) {
              best = max<f32>(best, load<f32>(x + <usize>((image * h + iy) * w + ix) * pixel + ch));
            }
          }
          store<f32>(y + ch, best);
        }
        y += pixel;
      }
    }
  }
}

/** dx[n,h,w,c]: the dy of each window goes to its first largest value y in row-major order, or to its last NaN. */
export function maxPoolGrad(
  x: usize, y: usize, dy: usize, n: i32, h: i32, w: i32, c: i32, k: i32, stride: i32, padding: i32, oh: i32, ow: i32,
  dx: usize,
): void {
  const pixel = <usize>c << 2;
  const vector = pixel & ~15;
  memory.fill(dx, 0, <usize>(n * h * w) * pixel);
  for (let image = 0; image < n; image++) {
    for (let oy = 0; oy < oh; oy++) {
      const top = max(oy * stride - padding, 0), bottom = min(oy * stride - padding + k, h);
      for (let ox = 0; ox < ow; ox++) {
        const left = max(ox * stride - padding, 0), right = min(ox * stride - padding + k, w);
        let ch: usize = 0;
        for (; ch < vector; ch += 16) {
          const best = v128.load(y + ch);
          // dy in the lanes whose place is not found yet, else 0.
          let open = v128.load(dy + ch);
          for (let iy = top; iy < bottom; iy++) {
            let at = <usize>((image * h + iy) * w + left) * pixel + ch;
            for (let ix = left; ix < right; ix++) {
              const here = f32x4.eq(v128.load(x + at), best);
              v128.store(dx + at, f32x4.add(v128.load(dx + at), v128.and(open, here)));
              open = v128.andnot(open, here);
              at += pixel;
            }
          }
          if (v128.any_true(f32x4.ne(best, best))) {
            for (let end = ch + 16, one = ch; one < end; one += 4) {
              gradToLastNaN(x + one, y + one, dy + one, image * h, w, pixel, top, bottom, left, right, dx + one);
            }
          }
        }
        for (; ch < pixel; ch += 4) {
          const best = load<f32>(y + ch);
          let open = load<f32>(dy + ch);
          for (let iy = top; iy < bottom; iy++) {
            for (let ix = left; ix < right; ix++) {
              const at = <usize>((image * h + iy) * w + ix) * pixel + ch;
              if (load<f32>(x + at) == best) {
                store<f32>(dx + at, load<f32>(dx + at) + open);
                open = 0;
              }
            }
          }
          gradToLastNaN(x + ch, y + ch, dy + ch, image * h, w, pixel, top, bottom, left, right, dx + ch);
        }
        y += pixel;
        dy += pixel;
      }
    }
  }
}

/** If y is NaN, adds the window's dy of one channel to its last NaN, as PyTorch does. */
function gradToLastNaN(
  x: usize, y: usize, dy: usize, firstRow: i32, w: i32, pixel: usize, top: i32, bottom: i32, left: i32, right: i32,
  dx: usize,
): void {
  if (!isNaN(load<f32>(y))) return;
  for (let iy = bottom - 1; iy >= top; iy--) {
    for (let ix = right - 1; ix >= left; ix--) {
      const at = <usize>((firstRow + iy) * w + ix) * pixel;
      if (isNaN(load<f32>(x + at))) {
        store<f32>(dx + at, load<f32>(dx + at) + load<f32>(dy));
        return;
      }
    }
  }
}
