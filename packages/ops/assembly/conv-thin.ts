// Convolution of images with few channels, as in a network's first layer. A filter row over an image row is a matrix product
// whose rows overlap in the image, so the patches, many times the image, are never written. The outputs [first, end) of a
// row, whose filter columns all lie inside the image, are one product; each output at the ends is a product of its own.
import { insideEnd, insideFirst } from './depthwise';
import { gemm } from './gemm';

/** y[n,oh,ow,channels] from x[n,h,w,c] and filter[kh,kw,c,channels]. */
export function convThin(
  x: usize, n: i32, h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32, padTop: i32, padLeft: i32, oh: i32, ow: i32,
  filter: usize, channels: i32, y: usize, scratch: usize,
): void {
  const pixel = <usize>c << 2;
  const out = <usize>channels << 2;
  const end = insideEnd(w, kw, sw, padLeft, ow);
  const first = min(insideFirst(sw, padLeft), end);
  for (let image = 0; image < n; image++) {
    for (let oy = 0; oy < oh; oy++) {
      const iy0 = oy * sh - padTop;
      const ky0 = max(0, -iy0), ky1 = min(kh, h - iy0);
      if (ky0 >= ky1) memory.fill(y, 0, <usize>ow * out);
      for (let ky = ky0; ky < ky1; ky++) {
        const xRow = x + <usize>((iy0 + ky) * w) * pixel;
        const wRow = filter + <usize>(ky * kw) * pixel * channels;
        const add = i32(ky > ky0);
        for (let ox = 0, count = 1; ox < ow; ox += count) {
          count = ox == first && end > first ? end - first : 1;
          const ix0 = ox * sw - padLeft;
          const kx0 = max(0, -ix0);
          const depth = max(0, min(kw, w - ix0) - kx0) * c;
          const from = xRow + <usize>(ix0 + kx0) * pixel;
          gemm(0, 0, count, channels, depth, from, sw * c, wRow + <usize>kx0 * pixel * channels, channels, y + <usize>ox * out, channels, add, 0, scratch);
        }
      }
      y += <usize>ow * out;
    }
    x += <usize>(h * w) * pixel;
  }
}

/** dw[kh,kw,c,channels] from x[n,h,w,c] and dy[n,oh,ow,channels]. */
export function convThinBackpropFilter(
  x: usize, dy: usize, n: i32, h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32, padTop: i32, padLeft: i32, oh: i32,
  ow: i32, channels: i32, dw: usize, scratch: usize,
): void {
  const pixel = <usize>c << 2;
  const out = <usize>channels << 2;
  const end = insideEnd(w, kw, sw, padLeft, ow);
  const first = min(insideFirst(sw, padLeft), end);
  memory.fill(dw, 0, <usize>(kh * kw) * pixel * channels);
  for (let image = 0; image < n; image++) {
    for (let oy = 0; oy < oh; oy++) {
      const iy0 = oy * sh - padTop;
      const ky1 = min(kh, h - iy0);
      for (let ky = max(0, -iy0); ky < ky1; ky++) {
        const xRow = x + <usize>((iy0 + ky) * w) * pixel;
        const dwRow = dw + <usize>(ky * kw) * pixel * channels;
        for (let ox = 0, count = 1; ox < ow; ox += count) {
          count = ox == first && end > first ? end - first : 1;
          const ix0 = ox * sw - padLeft;
          const kx0 = max(0, -ix0);
          const depth = max(0, min(kw, w - ix0) - kx0) * c;
          const from = xRow + <usize>(ix0 + kx0) * pixel;
          gemm(1, 0, depth, channels, count, from, sw * c, dy + <usize>ox * out, channels, dwRow + <usize>kx0 * pixel * channels, channels, 1, 0, scratch);
        }
      }
      dy += <usize>ow * out;
    }
    x += <usize>(h * w) * pixel;
  }
}
