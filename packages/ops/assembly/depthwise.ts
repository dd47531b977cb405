// Depthwise convolution of NHWC images with weights [kh,kw,c]. Channels are contiguous, so four of them form a vector. The
// inside of a row, where all columns of the kernel lie inside the image, is computed with a kernel row in registers. The rest
// takes the general loops.
import { finishRows } from './finish';
import { madd } from './simd';

/** Returns the first output of a row whose kernel columns all lie inside the image. */
@inline
export function insideFirst(sw: i32, padLeft: i32): i32 {
  return (padLeft + sw - 1) / sw;
}

/** Returns the output after the last one of a row whose kernel columns all lie inside the image. */
@inline
export function insideEnd(w: i32, kw: i32, sw: i32, padLeft: i32, ow: i32): i32 {
  const room = w + padLeft - kw;
  return room < 0 ? 0 : min(ow, room / sw + 1);
}

/** y[n,oh,ow,c] from x[n,h,w,c] and weight[kh,kw,c]. */
export function depthwise(
  x: usize, n: i32, h: i32, w: i32, c: i32, weight: usize, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, y: usize,
): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  const rowBytes = pixel * w;
  const fast = kw == 3 || kw == 5;
  const end = fast ? insideEnd(w, kw, sw, padLeft, ow) : 0;
  const first = fast ? min(insideFirst(sw, padLeft), end) : 0;
  for (let image = 0; image < n; image++) {
    const base = x + <usize>image * h * rowBytes;
    for (let oy = 0; oy < oh; oy++) {
      const iy0 = oy * sh - padTop;
      const ky0 = max(0, -iy0), ky1 = min(kh, h - iy0);
      if (end > first) {
        const blocks = sw == 1 ? (end - first) & ~3 : 0;
        if (blocks) {
          const xRow = base + <usize>(iy0 + ky0) * rowBytes + <usize>(first - padLeft) * pixel;
          const wRow = weight + <usize>(ky0 * kw) * pixel;
          const yRow = y + <usize>first * pixel;
          if (kw == 3) blocks3(xRow, rowBytes, wRow, yRow, blocks, ky1 - ky0, pixel, vector);
          else blocks5(xRow, rowBytes, wRow, yRow, blocks, ky1 - ky0, pixel, vector);
        }
        for (let ky = ky0; ky < ky1; ky++) {
          const xRow = base + <usize>(iy0 + ky) * rowBytes + <usize>((first + blocks) * sw - padLeft) * pixel;
          const wRow = weight + <usize>(ky * kw) * pixel;
          const yRow = y + <usize>(first + blocks) * pixel;
          if (kw == 3) row3(xRow, wRow, yRow, end - first - blocks, pixel, pixel * sw, vector, ky > ky0);
          else row5(xRow, wRow, yRow, end - first - blocks, pixel, pixel * sw, vector, ky > ky0);
        }
        if (ky0 >= ky1) memory.fill(y + <usize>first * pixel, 0, <usize>(end - first) * pixel);
        if (vector < pixel) general(base, weight, y, iy0, ky0, ky1, first, end, w, kw, sw, padLeft, pixel, rowBytes, vector, pixel);
      }
      general(base, weight, y, iy0, ky0, ky1, 0, first, w, kw, sw, padLeft, pixel, rowBytes, 0, pixel);
      general(base, weight, y, iy0, ky0, ky1, end, ow, w, kw, sw, padLeft, pixel, rowBytes, 0, pixel);
      y += pixel * ow;
    }
  }
}

/** Widest image that depthwiseFused copies with its padding: in wider ones few outputs lie at a border. */
const PADDED_WIDTH: i32 = 16;

/** Returns the bytes of scratch memory of depthwiseFused. */
export function depthwiseFusedScratchBytes(w: i32, c: i32, kh: i32, padLeft: i32, oh: i32): i32 {
  return w > PADDED_WIDTH ? 16 : (oh + kh - 1) * (w + 2 * padLeft) * c * 4;
}

/**
 * y = activation(depthwise + bias), image by image; bias and slope may be null, and code selects the activation. A negative padTop
 * starts inside the image: rows of outputs that are computed apart have the same bits.
 */
export function depthwiseFused(
  x: usize, n: i32, h: i32, w: i32, c: i32, weight: usize, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, bias: usize, code: i32, slope: usize, y: usize, scratch: usize,
): void {
  const isSquare = kh == kw && (kw == 3 || kw == 5);
  const isSmall = c % 4 == 0 && padLeft > 0 && w <= PADDED_WIDTH && ow == w + 2 * padLeft - kw + 1;
  const isPadded = sh == 1 && sw == 1 && isSquare && isSmall;
  for (let image = 0; image < n; image++) {
    if (isPadded) {
      copyPadded(x, h, w, <usize>c << 2, padTop, padLeft, oh + kh - 1, scratch);
      paddedOutputs(scratch, w + 2 * padLeft, c, weight, kw, oh, ow, y);
    } else {
      depthwise(x, 1, h, w, c, weight, kh, kw, sh, sw, padTop, padLeft, oh, ow, y);
    }
    finishRows(y, oh * ow, c, bias, code, slope, 0);
    x += <usize>(h * w * c) << 2;
    y += <usize>(oh * ow * c) << 2;
  }
}

/**
 * depthwise at stride 1 with a 3x3 or 5x5 kernel, on a copy of each image with its zero padding. This is faster for small
 * images, whose outputs are mostly at a border. padded holds (h + 2·pad)·(w + 2·pad)·c floats; c must be a multiple of 4.
 */
export function depthwisePadded(
  x: usize, n: i32, h: i32, w: i32, c: i32, weight: usize, k: i32, pad: i32, oh: i32, ow: i32, y: usize, padded: usize,
): void {
  const pixel = <usize>c << 2;
  const rowBytes = pixel * (w + 2 * pad);
  const inner = padded + <usize>pad * rowBytes + <usize>pad * pixel;
  memory.fill(padded, 0, rowBytes * (h + 2 * pad));
  for (let image = 0; image < n; image++) {
    for (let iy = 0; iy < h; iy++) {
      memory.copy(inner + <usize>iy * rowBytes, x, <usize>w * pixel);
      x += <usize>w * pixel;
    }
    paddedOutputs(padded, w + 2 * pad, c, weight, k, oh, ow, y);
    y += <usize>(oh * ow) * pixel;
  }
}

/** Copies rows [-padTop, -padTop + rows) of x[h,w,c] with padLeft pixels on both sides to out; places outside the image are zeros. */
function copyPadded(x: usize, h: i32, w: i32, pixel: usize, padTop: i32, padLeft: i32, rows: i32, out: usize): void {
  const side = <usize>padLeft * pixel, inner = <usize>w * pixel;
  for (let row = 0; row < rows; row++) {
    const iy = row - padTop;
    if (iy < 0 || iy >= h) memory.fill(out, 0, inner + 2 * side);
    else {
      memory.fill(out, 0, side);
      memory.copy(out + side, x + <usize>iy * inner, inner);
      memory.fill(out + side + inner, 0, side);
    }
    out += inner + 2 * side;
  }
}

/** y[oh,ow,c] at stride 1 from an image of padded rows of `width` pixels. */
function paddedOutputs(padded: usize, width: i32, c: i32, weight: usize, k: i32, oh: i32, ow: i32, y: usize): void {
  const pixel = <usize>c << 2;
  const rowBytes = pixel * width;
  const blocks = ow & ~3;
  for (let oy = 0; oy < oh; oy++) {
    const from = padded + <usize>oy * rowBytes;
    if (k == 3) blocks3(from, rowBytes, weight, y, blocks, 3, pixel, pixel);
    else blocks5(from, rowBytes, weight, y, blocks, 5, pixel, pixel);
    for (let ky = 0; ky < k && blocks < ow; ky++) {
      const xRow = from + <usize>ky * rowBytes + <usize>blocks * pixel;
      const wRow = weight + <usize>(ky * k) * pixel;
      if (k == 3) row3(xRow, wRow, y + <usize>blocks * pixel, ow - blocks, pixel, pixel, pixel, ky > 0);
      else row5(xRow, wRow, y + <usize>blocks * pixel, ow - blocks, pixel, pixel, pixel, ky > 0);
    }
    y += <usize>ow * pixel;
  }
}

/** Computes outputs [from, to) of one row for the channels at bytes [ch0, ch1). */
function general(
  base: usize, weight: usize, y: usize, iy0: i32, ky0: i32, ky1: i32, from: i32, to: i32, w: i32, kw: i32, sw: i32,
  padLeft: i32, pixel: usize, rowBytes: usize, ch0: usize, ch1: usize,
): void {
  const vector = ch0 + ((ch1 - ch0) & ~15);
  for (let ox = from; ox < to; ox++) {
    const ix0 = ox * sw - padLeft;
    const kx0 = max(0, -ix0), kx1 = min(kw, w - ix0);
    const corner = base + <usize>iy0 * rowBytes + <usize>ix0 * pixel;
    const out = y + <usize>ox * pixel;
    let ch = ch0;
    for (; ch < vector; ch += 16) {
      let acc = f32x4.splat(0);
      for (let ky = ky0; ky < ky1; ky++) {
        let at = corner + <usize>ky * rowBytes + <usize>kx0 * pixel + ch;
        let wt = weight + <usize>(ky * kw + kx0) * pixel + ch;
        for (let kx = kx0; kx < kx1; kx++) {
          acc = madd(acc, v128.load(at), v128.load(wt));
          at += pixel;
          wt += pixel;
        }
      }
      v128.store(out + ch, acc);
    }
    for (; ch < ch1; ch += 4) {
      let acc: f32 = 0;
      for (let ky = ky0; ky < ky1; ky++) {
        for (let kx = kx0; kx < kx1; kx++) {
          acc += load<f32>(corner + <usize>ky * rowBytes + <usize>kx * pixel + ch) * load<f32>(weight + <usize>(ky * kw + kx) * pixel + ch);
        }
      }
      store<f32>(out + ch, acc);
    }
  }
}

/** Computes a row at stride 1, four outputs at a time, from the `rows` rows of a kernel with 3 columns. */
function blocks3(
  x0: usize, rowBytes: usize, weight: usize, y: usize, count: i32, rows: i32, pixel: usize, vector: usize,
): void {
  for (let i = 0; i < count; i += 4) {
    for (let ch: usize = 0; ch < vector; ch += 16) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
      let from = x0 + ch;
      let wt = weight + ch;
      for (let ky = 0; ky < rows; ky++) {
        const w0 = v128.load(wt), w1 = v128.load(wt + pixel), w2 = v128.load(wt + 2 * pixel);
        let x: v128;
        x = v128.load(from);
        a0 = madd(a0, x, w0);
        x = v128.load(from + pixel);
        a0 = madd(a0, x, w1); a1 = madd(a1, x, w0);
        x = v128.load(from + 2 * pixel);
        a0 = madd(a0, x, w2); a1 = madd(a1, x, w1); a2 = madd(a2, x, w0);
        x = v128.load(from + 3 * pixel);
        a1 = madd(a1, x, w2); a2 = madd(a2, x, w1); a3 = madd(a3, x, w0);
        x = v128.load(from + 4 * pixel);
        a2 = madd(a2, x, w2); a3 = madd(a3, x, w1);
        x = v128.load(from + 5 * pixel);
        a3 = madd(a3, x, w2);
        from += rowBytes;
        wt += 3 * pixel;
      }
      const to = y + ch;
      v128.store(to, a0);
      v128.store(to + pixel, a1);
      v128.store(to + 2 * pixel, a2);
      v128.store(to + 3 * pixel, a3);
    }
    x0 += 4 * pixel;
    y += 4 * pixel;
  }
}

/** Computes a row at stride 1, four outputs at a time, from the `rows` rows of a kernel with 5 columns. */
function blocks5(
  x0: usize, rowBytes: usize, weight: usize, y: usize, count: i32, rows: i32, pixel: usize, vector: usize,
): void {
  for (let i = 0; i < count; i += 4) {
    for (let ch: usize = 0; ch < vector; ch += 16) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
      let from = x0 + ch;
      let wt = weight + ch;
      for (let ky = 0; ky < rows; ky++) {
        const w0 = v128.load(wt), w1 = v128.load(wt + pixel), w2 = v128.load(wt + 2 * pixel), w3 = v128.load(wt + 3 * pixel), w4 = v128.load(wt + 4 * pixel);
        let x: v128;
        x = v128.load(from);
        a0 = madd(a0, x, w0);
        x = v128.load(from + pixel);
        a0 = madd(a0, x, w1); a1 = madd(a1, x, w0);
        x = v128.load(from + 2 * pixel);
        a0 = madd(a0, x, w2); a1 = madd(a1, x, w1); a2 = madd(a2, x, w0);
        x = v128.load(from + 3 * pixel);
        a0 = madd(a0, x, w3); a1 = madd(a1, x, w2); a2 = madd(a2, x, w1); a3 = madd(a3, x, w0);
        x = v128.load(from + 4 * pixel);
        a0 = madd(a0, x, w4); a1 = madd(a1, x, w3); a2 = madd(a2, x, w2); a3 = madd(a3, x, w1);
        x = v128.load(from + 5 * pixel);
        a1 = madd(a1, x, w4); a2 = madd(a2, x, w3); a3 = madd(a3, x, w2);
        x = v128.load(from + 6 * pixel);
        a2 = madd(a2, x, w4); a3 = madd(a3, x, w3);
        x = v128.load(from + 7 * pixel);
        a3 = madd(a3, x, w4);
        from += rowBytes;
        wt += 5 * pixel;
      }
      const to = y + ch;
      v128.store(to, a0);
      v128.store(to + pixel, a1);
      v128.store(to + 2 * pixel, a2);
      v128.store(to + 3 * pixel, a3);
    }
    x0 += 4 * pixel;
    y += 4 * pixel;
  }
}

function row3(x: usize, weight: usize, y: usize, count: i32, pixel: usize, step: usize, vector: usize, add: bool): void {
  for (let ch: usize = 0; ch < vector; ch += 16) {
    const w0 = v128.load(weight + ch), w1 = v128.load(weight + pixel + ch), w2 = v128.load(weight + 2 * pixel + ch);
    let from = x + ch;
    let to = y + ch;
    for (let i = 0; i < count; i++) {
      let acc = f32x4.mul(v128.load(from), w0);
      acc = madd(acc, v128.load(from + pixel), w1);
      acc = madd(acc, v128.load(from + 2 * pixel), w2);
      v128.store(to, add ? f32x4.add(acc, v128.load(to)) : acc);
      from += step;
      to += pixel;
    }
  }
}

function row5(x: usize, weight: usize, y: usize, count: i32, pixel: usize, step: usize, vector: usize, add: bool): void {
  for (let ch: usize = 0; ch < vector; ch += 16) {
    const w0 = v128.load(weight + ch), w1 = v128.load(weight + pixel + ch), w2 = v128.load(weight + 2 * pixel + ch);
    const w3 = v128.load(weight + 3 * pixel + ch), w4 = v128.load(weight + 4 * pixel + ch);
    let from = x + ch;
    let to = y + ch;
    for (let i = 0; i < count; i++) {
      let acc = f32x4.mul(v128.load(from), w0);
      acc = madd(acc, v128.load(from + pixel), w1);
      acc = madd(acc, v128.load(from + 2 * pixel), w2);
      acc = madd(acc, v128.load(from + 3 * pixel), w3);
      acc = madd(acc, v128.load(from + 4 * pixel), w4);
      v128.store(to, add ? f32x4.add(acc, v128.load(to)) : acc);
      from += step;
      to += pixel;
    }
  }
}

/** out = the weights rotated by 180 degrees. At stride 1 the input gradient is the convolution of dy with them. */
export function flipKernel(weight: usize, taps: i32, c: i32, out: usize): void {
  const bytes = <usize>c << 2;
  for (let tap = 0; tap < taps; tap++) {
    memory.copy(out + <usize>(taps - 1 - tap) * bytes, weight + <usize>tap * bytes, bytes);
  }
}

/** dx[n,h,w,c] from dy[n,oh,ow,c] at any stride: each input place sums over the outputs that read it. */
export function depthwiseBackpropInput(
  dy: usize, n: i32, h: i32, w: i32, c: i32, weight: usize, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, dx: usize,
): void {
  const pixel = <usize>c << 2;
  const rowBytes = pixel * ow;
  const vector = <usize>(c & ~3) << 2;
  if (sh == 2 && sw == 2 && kh == kw && (kw == 3 || kw == 5) && padTop == kw >> 1 && padLeft == kw >> 1 && vector == pixel) {
    spread(dy, n, h, w, weight, kw, padTop, oh, ow, pixel, dx);
    return;
  }
  for (let image = 0; image < n; image++) {
    const base = dy + <usize>image * oh * rowBytes;
    for (let iy = 0; iy < h; iy++) {
      // oy·sh + ky = iy + padTop: oy decreases by 1 as ky increases by sh.
      const ty = iy + padTop;
      let kyFirst = ty % sh;
      let oyFirst = ty / sh;
      if (oyFirst >= oh) {
        kyFirst += (oyFirst - oh + 1) * sh;
        oyFirst = oh - 1;
      }
      const kyEnd = min(kh, ty + 1);
      for (let ix = 0; ix < w; ix++) {
        const tx = ix + padLeft;
        let kxFirst = tx % sw;
        let oxFirst = tx / sw;
        if (oxFirst >= ow) {
          kxFirst += (oxFirst - ow + 1) * sw;
          oxFirst = ow - 1;
        }
        const kxEnd = min(kw, tx + 1);
        const corner = base + <usize>oyFirst * rowBytes + <usize>oxFirst * pixel;
        const tap = pixel * sw;
        let ch: usize = 0;
        for (; ch < vector; ch += 16) {
          let acc = f32x4.splat(0);
          let row = corner + ch;
          for (let ky = kyFirst; ky < kyEnd; ky += sh) {
            let from = row;
            let wt = weight + <usize>(ky * kw + kxFirst) * pixel + ch;
            for (let kx = kxFirst; kx < kxEnd; kx += sw) {
              acc = madd(acc, v128.load(from), v128.load(wt));
              from -= pixel;
              wt += tap;
            }
            row -= rowBytes;
          }
          v128.store(dx + ch, acc);
        }
        for (; ch < pixel; ch += 4) {
          let acc: f32 = 0;
          let row = corner + ch;
          for (let ky = kyFirst; ky < kyEnd; ky += sh) {
            let from = row;
            let wt = weight + <usize>(ky * kw + kxFirst) * pixel + ch;
            for (let kx = kxFirst; kx < kxEnd; kx += sw) {
              acc += load<f32>(from) * load<f32>(wt);
              from -= pixel;
              wt += tap;
            }
            row -= rowBytes;
          }
          store<f32>(dx + ch, acc);
        }
        dx += pixel;
      }
    }
  }
}

/** depthwiseBackpropInput at stride 2 with half the kernel as padding: adds each row of dy to the rows that its outputs read. */
function spread(
  dy: usize, n: i32, h: i32, w: i32, weight: usize, k: i32, pad: i32, oh: i32, ow: i32, pixel: usize, dx: usize,
): void {
  const rowBytes = pixel * ow;
  for (let image = 0; image < n; image++) {
    for (let iy = 0; iy < h; iy++) {
      let add = false;
      for (let ky = (iy + pad) & 1; ky < k; ky += 2) {
        const oy = (iy + pad - ky) >> 1;
        if (oy < 0 || oy >= oh) continue;
        const from = dy + <usize>oy * rowBytes;
        const wRow = weight + <usize>(ky * k) * pixel;
        if (k == 3) spreadRow3(from, wRow, dx, ow, w, pixel, add);
        else spreadRow5(from, wRow, dx, ow, w, pixel, add);
        add = true;
      }
      if (!add) memory.fill(dx, 0, pixel * w);
      dx += pixel * w;
    }
    dy += rowBytes * oh;
  }
}

/** Output o of a row reads the inputs 2·o − 1 to 2·o + 1: one output reads an even input, two read an odd one. */
function spreadRow3(dy: usize, weight: usize, dx: usize, ow: i32, w: i32, pixel: usize, add: bool): void {
  for (let ch: usize = 0; ch < pixel; ch += 16) {
    const w0 = v128.load(weight + ch), w1 = v128.load(weight + pixel + ch), w2 = v128.load(weight + 2 * pixel + ch);
    let from = dy + ch, to = dx + ch;
    let d = v128.load(from);
    for (let o = 1; o < ow; o++) {
      from += pixel;
      const next = v128.load(from);
      put(to, f32x4.mul(d, w1), add);
      put(to + pixel, madd(f32x4.mul(d, w2), next, w0), add);
      d = next;
      to += 2 * pixel;
    }
    put(to, f32x4.mul(d, w1), add);
    if (2 * ow <= w) put(to + pixel, f32x4.mul(d, w2), add);
  }
}

/** Output o of a row reads the inputs 2·o − 2 to 2·o + 2: three outputs read an even input, two read an odd one. */
function spreadRow5(dy: usize, weight: usize, dx: usize, ow: i32, w: i32, pixel: usize, add: bool): void {
  for (let ch: usize = 0; ch < pixel; ch += 16) {
    const w0 = v128.load(weight + ch), w1 = v128.load(weight + pixel + ch), w2 = v128.load(weight + 2 * pixel + ch);
    const w3 = v128.load(weight + 3 * pixel + ch), w4 = v128.load(weight + 4 * pixel + ch);
    let from = dy + ch, to = dx + ch;
    let before = f32x4.splat(0), d = v128.load(from);
    for (let o = 1; o < ow; o++) {
      from += pixel;
      const next = v128.load(from);
      put(to, madd(madd(f32x4.mul(d, w2), next, w0), before, w4), add);
      put(to + pixel, madd(f32x4.mul(d, w3), next, w1), add);
      before = d;
      d = next;
      to += 2 * pixel;
    }
    put(to, madd(f32x4.mul(d, w2), before, w4), add);
    if (2 * ow <= w) put(to + pixel, f32x4.mul(d, w3), add);
  }
}

@inline
function put(to: usize, value: v128, add: bool): void {
  v128.store(to, add ? f32x4.add(v128.load(to), value) : value);
}

/** dw[kh,kw,c] from x[n,h,w,c] and dy[n,oh,ow,c]. */
export function depthwiseBackpropFilter(
  x: usize, dy: usize, n: i32, h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, dw: usize,
): void {
  const pixel = <usize>c << 2;
  const vector = <usize>(c & ~3) << 2;
  const fast = kw == 3 || kw == 5;
  const end = fast ? insideEnd(w, kw, sw, padLeft, ow) : 0;
  const first = fast ? min(insideFirst(sw, padLeft), end) : 0;
  memory.fill(dw, 0, <usize>(kh * kw) * pixel);
  for (let image = 0; image < n; image++) {
    for (let oy = 0; oy < oh; oy++) {
      const dyRow = dy + <usize>((image * oh + oy) * ow) * pixel;
      for (let ky = 0; ky < kh; ky++) {
        const iy = oy * sh - padTop + ky;
        if (iy < 0 || iy >= h) continue;
        const xRow = x + <usize>((image * h + iy) * w) * pixel;
        const dwRow = dw + <usize>(ky * kw) * pixel;
        if (end > first) {
          const xFrom = xRow + <usize>(first * sw - padLeft) * pixel;
          const dyFrom = dyRow + <usize>first * pixel;
          if (kw == 3) filterRow3(xFrom, dyFrom, dwRow, end - first, pixel, pixel * sw, vector);
          else filterRow5(xFrom, dyFrom, dwRow, end - first, pixel, pixel * sw, vector);
          if (vector < pixel) filterGeneral(xRow, dyRow, dwRow, first, end, w, kw, sw, padLeft, pixel, vector);
        }
        filterGeneral(xRow, dyRow, dwRow, 0, first, w, kw, sw, padLeft, pixel, 0);
        filterGeneral(xRow, dyRow, dwRow, end, ow, w, kw, sw, padLeft, pixel, 0);
      }
    }
  }
}

function filterGeneral(
  xRow: usize, dyRow: usize, dwRow: usize, from: i32, to: i32, w: i32, kw: i32, sw: i32, padLeft: i32, pixel: usize, ch0: usize,
): void {
  const vector = ch0 + ((pixel - ch0) & ~15);
  for (let ox = from; ox < to; ox++) {
    const ix0 = ox * sw - padLeft;
    const kx0 = max(0, -ix0), kx1 = min(kw, w - ix0);
    const grad = dyRow + <usize>ox * pixel;
    for (let kx = kx0; kx < kx1; kx++) {
      const at = xRow + <usize>(ix0 + kx) * pixel;
      const out = dwRow + <usize>kx * pixel;
      let ch = ch0;
      for (; ch < vector; ch += 16) v128.store(out + ch, madd(v128.load(out + ch), v128.load(at + ch), v128.load(grad + ch)));
      for (; ch < pixel; ch += 4) store<f32>(out + ch, load<f32>(out + ch) + load<f32>(at + ch) * load<f32>(grad + ch));
    }
  }
}

function filterRow3(x: usize, dy: usize, dw: usize, count: i32, pixel: usize, step: usize, vector: usize): void {
  for (let ch: usize = 0; ch < vector; ch += 16) {
    let to = dw + ch;
    let a0 = v128.load(to), a1 = v128.load(to + pixel), a2 = v128.load(to + 2 * pixel);
    let from = x + ch;
    let grad = dy + ch;
    for (let i = 0; i < count; i++) {
      const g = v128.load(grad);
      a0 = madd(a0, v128.load(from), g);
      a1 = madd(a1, v128.load(from + pixel), g);
      a2 = madd(a2, v128.load(from + 2 * pixel), g);
      from += step;
      grad += pixel;
    }
    v128.store(to, a0);
    v128.store(to + pixel, a1);
    v128.store(to + 2 * pixel, a2);
  }
}

function filterRow5(x: usize, dy: usize, dw: usize, count: i32, pixel: usize, step: usize, vector: usize): void {
  for (let ch: usize = 0; ch < vector; ch += 16) {
    let to = dw + ch;
    let a0 = v128.load(to), a1 = v128.load(to + pixel), a2 = v128.load(to + 2 * pixel);
    let a3 = v128.load(to + 3 * pixel), a4 = v128.load(to + 4 * pixel);
    let from = x + ch;
    let grad = dy + ch;
    for (let i = 0; i < count; i++) {
      const g = v128.load(grad);
      a0 = madd(a0, v128.load(from), g);
      a1 = madd(a1, v128.load(from + pixel), g);
      a2 = madd(a2, v128.load(from + 2 * pixel), g);
      a3 = madd(a3, v128.load(from + 3 * pixel), g);
      a4 = madd(a4, v128.load(from + 4 * pixel), g);
      from += step;
      grad += pixel;
    }
    v128.store(to, a0);
    v128.store(to + pixel, a1);
    v128.store(to + 2 * pixel, a2);
    v128.store(to + 3 * pixel, a3);
    v128.store(to + 4 * pixel, a4);
  }
}
