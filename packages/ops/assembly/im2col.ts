// The patches of an NHWC image as rows, and their sum back into an image: a convolution is then a matrix product.

/** Rows [row0, row1) of the patches out[n·oh·ow, kh·kw·c] of x[n,h,w,c]; places outside the image are zero. */
export function im2col(
  x: usize, h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, row0: i32, row1: i32, out: usize,
): void {
  const bytes = <usize>c << 2;
  const run = bytes * kw;
  // Incremented: three divisions per row would cost as much as a small patch.
  let ox = row0 % ow, oy = (row0 / ow) % oh, image = row0 / (ow * oh);
  for (let row = row0; row < row1; row++, ox++) {
    if (ox == ow) {
      ox = 0;
      if (++oy == oh) {
        oy = 0;
        image++;
      }
    }
    const ix0 = ox * sw - padLeft;
    const whole = ix0 >= 0 && ix0 + kw <= w;
    for (let ky = 0; ky < kh; ky++) {
      const iy = oy * sh - padTop + ky;
      if (whole && iy >= 0 && iy < h) {
        // One row of the patch is contiguous in the image.
        const from = x + ((<usize>((image * h + iy) * w + ix0) * c) << 2);
        if (run == 36) {
          // Three pixels of an RGB image, the first layer of most networks: a loop would cost more than the copy.
          v128.store(out, v128.load(from));
          v128.store(out, v128.load(from, 16), 16);
          store<f32>(out, load<f32>(from, 32), 32);
        } else {
          let i: usize = 0;
          for (; i + 16 <= run; i += 16) v128.store(out + i, v128.load(from + i));
          for (; i < run; i += 4) store<f32>(out + i, load<f32>(from + i));
        }
        out += run;
        continue;
      }
      for (let kx = 0; kx < kw; kx++) {
        const ix = ix0 + kx;
        if (iy >= 0 && iy < h && ix >= 0 && ix < w) {
          const from = x + ((<usize>((image * h + iy) * w + ix) * c) << 2);
          for (let i: usize = 0; i < bytes; i += 4) store<f32>(out + i, load<f32>(from + i));
        } else {
          for (let i: usize = 0; i < bytes; i += 4) store<f32>(out + i, 0);
        }
        out += bytes;
      }
    }
  }
}

/** Adds rows [row0, row1) of patches to dx[n,h,w,c], which must be initialized. */
export function col2im(
  patches: usize, h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32,
  padTop: i32, padLeft: i32, oh: i32, ow: i32, row0: i32, row1: i32, dx: usize,
): void {
  const bytes = <usize>c << 2;
  // Incremented: three divisions per row would cost as much as a small patch.
  let ox = row0 % ow, oy = (row0 / ow) % oh, image = row0 / (ow * oh);
  for (let row = row0; row < row1; row++, ox++) {
    if (ox == ow) {
      ox = 0;
      if (++oy == oh) {
        oy = 0;
        image++;
      }
    }
    for (let ky = 0; ky < kh; ky++) {
      const iy = oy * sh - padTop + ky;
      for (let kx = 0; kx < kw; kx++) {
        const ix = ox * sw - padLeft + kx;
        if (iy >= 0 && iy < h && ix >= 0 && ix < w) {
          const to = dx + ((<usize>((image * h + iy) * w + ix) * c) << 2);
          let i: usize = 0;
          for (; i + 16 <= bytes; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(patches + i)));
          for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(patches + i));
        }
        patches += bytes;
      }
    }
  }
}
