// Depthwise convolution, NHWC, weights [kh,kw,c]: channels are contiguous, so four of them make a vector.
import { madd } from './simd';

export function depthwise(
  x: usize, n: i32, h: i32, w: i32, c: i32, weight: usize, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, y: usize,
): void {
  const pixel = <usize>c << 2;
  const rowBytes = pixel * w;
  const vector = <usize>(c & ~3) << 2;
  for (let image = 0; image < n; image++) {
    const base = x + <usize>image * h * rowBytes;
    for (let oy = 0; oy < oh; oy++) {
      const iy0 = oy * sh - padTop;
      const ky0 = max(0, -iy0), ky1 = min(kh, h - iy0);
      for (let ox = 0; ox < ow; ox++) {
        const ix0 = ox * sw - padLeft;
        const kx0 = max(0, -ix0), kx1 = min(kw, w - ix0);
        const corner = base + <usize>iy0 * rowBytes + <usize>ix0 * pixel;
        let ch: usize = 0;
        if (kh == 3 && ky0 == 0 && ky1 == 3 && kx0 == 0 && kx1 == 3 && kw == 3) {
          for (; ch < vector; ch += 16) {
            let from = corner + ch;
            let wt = weight + ch;
            let acc = f32x4.mul(v128.load(from), v128.load(wt));
            acc = madd(acc, v128.load(from + pixel), v128.load(wt + pixel));
            acc = madd(acc, v128.load(from + 2 * pixel), v128.load(wt + 2 * pixel));
            from += rowBytes; wt += 3 * pixel;
            acc = madd(acc, v128.load(from), v128.load(wt));
            acc = madd(acc, v128.load(from + pixel), v128.load(wt + pixel));
            acc = madd(acc, v128.load(from + 2 * pixel), v128.load(wt + 2 * pixel));
            from += rowBytes; wt += 3 * pixel;
            acc = madd(acc, v128.load(from), v128.load(wt));
            acc = madd(acc, v128.load(from + pixel), v128.load(wt + pixel));
            acc = madd(acc, v128.load(from + 2 * pixel), v128.load(wt + 2 * pixel));
            v128.store(y + ch, acc);
          }
        }
        for (; ch < vector; ch += 16) {
          let acc = f32x4.splat(0);
          for (let ky = ky0; ky < ky1; ky++) {
            let from = corner + <usize>ky * rowBytes + <usize>kx0 * pixel + ch;
            let wt = weight + <usize>(ky * kw + kx0) * pixel + ch;
            for (let kx = kx0; kx < kx1; kx++) {
              acc = madd(acc, v128.load(from), v128.load(wt));
              from += pixel;
              wt += pixel;
            }
          }
          v128.store(y + ch, acc);
        }
        for (; ch < pixel; ch += 4) {
          let acc: f32 = 0;
          for (let ky = ky0; ky < ky1; ky++) {
            for (let kx = kx0; kx < kx1; kx++) {
              acc += load<f32>(corner + <usize>ky * rowBytes + <usize>kx * pixel + ch) * load<f32>(weight + <usize>(ky * kw + kx) * pixel + ch);
            }
          }
          store<f32>(y + ch, acc);
        }
        y += pixel;
      }
    }
  }
}

/** dx[n,h,w,c] from dy[n,oh,ow,c]: each input place gathers from the outputs it fed. */
export function depthwiseBackpropInput(
  dy: usize, n: i32, h: i32, w: i32, c: i32, weight: usize, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, dx: usize,
): void {
  const pixel = <usize>c << 2;
  const rowBytes = pixel * ow;
  const vector = <usize>(c & ~3) << 2;
  for (let image = 0; image < n; image++) {
    const base = dy + <usize>image * oh * rowBytes;
    for (let iy = 0; iy < h; iy++) {
      // oy·sh + ky = iy + padTop: the taps ky of one residue, oy falling by one as ky grows by sh.
      const ty = iy + padTop;
      let kyFirst = ty % sh;
      const oyTop = ty / sh;
      if (oyTop >= oh) kyFirst += (oyTop - oh + 1) * sh;
      const kyEnd = min(kh, ty + 1);
      for (let ix = 0; ix < w; ix++) {
        const tx = ix + padLeft;
        let kxFirst = tx % sw;
        const oxTop = tx / sw;
        if (oxTop >= ow) kxFirst += (oxTop - ow + 1) * sw;
        const kxEnd = min(kw, tx + 1);
        let ch: usize = 0;
        for (; ch < vector; ch += 16) {
          let acc = f32x4.splat(0);
          for (let ky = kyFirst; ky < kyEnd; ky += sh) {
            const row = base + <usize>((ty - ky) / sh) * rowBytes + ch;
            for (let kx = kxFirst; kx < kxEnd; kx += sw) {
              acc = madd(acc, v128.load(row + <usize>((tx - kx) / sw) * pixel), v128.load(weight + <usize>(ky * kw + kx) * pixel + ch));
            }
          }
          v128.store(dx + ch, acc);
        }
        for (; ch < pixel; ch += 4) {
          let acc: f32 = 0;
          for (let ky = kyFirst; ky < kyEnd; ky += sh) {
            const row = base + <usize>((ty - ky) / sh) * rowBytes + ch;
            for (let kx = kxFirst; kx < kxEnd; kx += sw) {
              acc += load<f32>(row + <usize>((tx - kx) / sw) * pixel) * load<f32>(weight + <usize>(ky * kw + kx) * pixel + ch);
            }
          }
          store<f32>(dx + ch, acc);
        }
        dx += pixel;
      }
    }
  }
}

/** dw[kh,kw,c] from x and dy. */
export function depthwiseBackpropFilter(
  x: usize, dy: usize, n: i32, h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, dw: usize,
): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  memory.fill(dw, 0, <usize>(kh * kw) * pixel);
  for (let image = 0; image < n; image++) {
    for (let oy = 0; oy < oh; oy++) {
      const dyRow = dy + <usize>((image * oh + oy) * ow) * pixel;
      for (let ky = 0; ky < kh; ky++) {
        const iy = oy * sh - padTop + ky;
        if (iy < 0 || iy >= h) continue;
        const xRow = x + <usize>((image * h + iy) * w) * pixel;
        for (let kx = 0; kx < kw; kx++) {
          // ox with 0 <= ox·sw - padLeft + kx < w
          const shift = kx - padLeft;
          const first = shift >= 0 ? 0 : (-shift + sw - 1) / sw;
          const end = min(ow, (w - shift + sw - 1) / sw);
          if (first >= end) continue;
          const xStep = pixel * sw;
          const to = dw + <usize>(ky * kw + kx) * pixel;
          let ch: usize = 0;
          for (; ch < vector; ch += 16) {
            let xp = xRow + <usize>(first * sw + shift) * pixel + ch;
            let dp = dyRow + <usize>first * pixel + ch;
            let acc = v128.load(to + ch);
            for (let ox = first; ox < end; ox++) {
              acc = madd(acc, v128.load(xp), v128.load(dp));
              xp += xStep;
              dp += pixel;
            }
            v128.store(to + ch, acc);
          }
          for (; ch < pixel; ch += 4) {
            let acc = load<f32>(to + ch);
            for (let ox = first; ox < end; ox++) {
              acc += load<f32>(xRow + <usize>(ox * sw + shift) * pixel + ch) * load<f32>(dyRow + <usize>ox * pixel + ch);
            }
            store<f32>(to + ch, acc);
          }
        }
      }
    }
  }
}
