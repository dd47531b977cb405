//! Depthwise convolution of NHWC images with weights [kh,kw,c]. A few rows at a time are copied with their zero padding, so
//! that no loop tests for borders, and the copy stays in cache.
use super::finish::Finish;
use crate::heap::{Args, Scratch};
use crate::simd::Simd;
use crate::team::{each_range, sum_in_parts};

/// Floats of the rows that are copied at a time.
const CHUNK: usize = 16 * 1024;

/// The sizes of a convolution: images [n,h,w,c], outputs [n,oh,ow,c].
#[derive(Clone, Copy)]
struct Sizes {
    n: usize,
    h: usize,
    w: usize,
    c: usize,
    kh: usize,
    kw: usize,
    sh: usize,
    sw: usize,
    top: isize,
    left: isize,
    oh: usize,
    ow: usize,
}

impl Sizes {
    /// Floats per row of a padded copy.
    fn row(&self) -> usize {
        self.columns() * self.c
    }
    /// Pixels per row of a padded copy: all that the outputs of a row read.
    fn columns(&self) -> usize {
        (self.ow - 1) * self.sw + self.kw
    }
    /// Work per image, in floats that are read or written.
    fn cost(&self) -> usize {
        (self.h * self.w + self.oh * self.ow * (1 + self.kh * self.kw / 4)) * self.c
    }
    /// Output rows per chunk.
    fn chunk(&self) -> usize {
        let rows = (CHUNK / self.row().max(1)).max(self.kh);
        ((rows - self.kh) / self.sh + 1).min(self.oh)
    }
    fn scratch(&self) -> usize {
        ((self.chunk() - 1) * self.sh + self.kh) * self.row()
    }
    /// Copies the rows that outputs [oy, oy + rows) of an image read.
    #[inline(always)]
    unsafe fn pad(&self, image: *const f32, oy: usize, rows: usize, out: *mut f32) {
        let (row, c) = (self.row(), self.c);
        let first = (-self.left).max(0) as usize;
        // The copy's columns [before, before + inside) are in the image.
        let before = (self.left.max(0) as usize).min(self.columns());
        let inside = self.columns().saturating_sub(before).min(self.w.saturating_sub(first));
        for r in 0..(rows - 1) * self.sh + self.kh {
            let iy = (oy * self.sh + r) as isize - self.top;
            let to = out.add(r * row);
            if iy < 0 || iy >= self.h as isize || inside == 0 {
                std::ptr::write_bytes(to, 0, row);
                continue;
            }
            std::ptr::write_bytes(to, 0, before * c);
            std::ptr::copy_nonoverlapping(image.add((iy as usize * self.w + first) * c), to.add(before * c), inside * c);
            let end = (before + inside) * c;
            std::ptr::write_bytes(to.add(end), 0, row - end);
        }
    }
}

/// y[n,oh,ow,c] from x[n,h,w,c] and weight[kh,kw,c].
#[inline(always)]
pub unsafe fn depthwise<S: Simd>(args: &mut Args) -> f64 {
    let (x, n, h, w, c, weight) = (args.floats(), args.size(), args.size(), args.size(), args.size(), args.floats());
    let (kh, kw, sh, sw) = (args.size(), args.size(), args.size(), args.size());
    let (top, left, oh, ow, y) = (args.int(), args.int(), args.size(), args.size(), args.floats());
    convolve::<S>(x, weight, &Sizes { n, h, w, c, kh, kw, sh, sw, top, left, oh, ow }, y, &Finish::NOTHING);
    0.0
}

/// y = activation(depthwise + bias).
#[inline(always)]
pub unsafe fn depthwise_fused<S: Simd>(args: &mut Args) -> f64 {
    let (x, n, h, w, c, weight) = (args.floats(), args.size(), args.size(), args.size(), args.size(), args.floats());
    let (kh, kw, sh, sw) = (args.size(), args.size(), args.size(), args.size());
    let (top, left, oh, ow) = (args.int(), args.int(), args.size(), args.size());
    let finish = Finish::read_activation(args);
    convolve::<S>(x, weight, &Sizes { n, h, w, c, kh, kw, sh, sw, top, left, oh, ow }, args.floats(), &finish);
    0.0
}

/// The same for a square kernel at stride 1; the WebAssembly kernel has a faster way for small images.
#[inline(always)]
pub unsafe fn depthwise_padded<S: Simd>(args: &mut Args) -> f64 {
    let (x, n, h, w, c, weight) = (args.floats(), args.size(), args.size(), args.size(), args.size(), args.floats());
    let (k, pad, oh, ow, y) = (args.size(), args.int(), args.size(), args.size(), args.floats());
    convolve::<S>(
        x,
        weight,
        &Sizes { n, h, w, c, kh: k, kw: k, sh: 1, sw: 1, top: pad, left: pad, oh, ow },
        y,
        &Finish::NOTHING,
    );
    0.0
}

#[inline(always)]
unsafe fn convolve<S: Simd>(x: *const f32, weight: *const f32, s: &Sizes, y: *mut f32, finish: &Finish) {
    each_range::<S, _>(
        s.n,
        1,
        s.cost(),
        #[inline(always)]
        |first, end| {
            let (x, y) = (x.add(first * s.h * s.w * s.c), y.add(first * s.oh * s.ow * s.c));
            let s = &Sizes { n: end - first, ..*s };
            match (s.kw, s.sw) {
                (3, 1) => convolve_of::<S, 3, 1>(x, weight, s, y, finish),
                (3, 2) => convolve_of::<S, 3, 2>(x, weight, s, y, finish),
                (5, 1) => convolve_of::<S, 5, 1>(x, weight, s, y, finish),
                (5, 2) => convolve_of::<S, 5, 2>(x, weight, s, y, finish),
                _ => convolve_of::<S, 0, 0>(x, weight, s, y, finish),
            }
        },
    );
}

/// KW and SW are the kernel's columns and stride, or 0 if they are known only at run time.
#[inline(always)]
unsafe fn convolve_of<S: Simd, const KW: usize, const SW: usize>(
    x: *const f32,
    weight: *const f32,
    s: &Sizes,
    y: *mut f32,
    finish: &Finish,
) {
    let (c, row) = (s.c, s.row());
    let (kw, sw) = if KW > 0 { (KW, SW) } else { (s.kw, s.sw) };
    let chunk = s.chunk();
    let mut scratch = Scratch::new(s.scratch());
    let padded = scratch.at();
    // At stride 1, a row of few channels is one list of floats, if a vector holds whole pixels.
    let flat = sw == 1 && c < S::LANES && S::LANES % c == 0;
    let taps = s.kh * kw;
    let mut repeated = Scratch::new(if flat { taps * S::LANES } else { 0 });
    if flat {
        for i in 0..taps * S::LANES {
            *repeated.at().add(i) = *weight.add(i / S::LANES * c + i % c);
        }
    }
    let repeated = repeated.at();
    for image in 0..s.n {
        let from = x.add(image * s.h * s.w * c);
        let to = y.add(image * s.oh * s.ow * c);
        let mut oy = 0;
        while oy < s.oh {
            let rows = chunk.min(s.oh - oy);
            s.pad(from, oy, rows, padded);
            for r in 0..rows {
                let (from, to) = (padded.add(r * s.sh * row), to.add((oy + r) * s.ow * c));
                let mut ox = 0;
                if flat {
                    flat_row::<S, KW>(from, repeated, to, s.ow * c, c, row, s.kh, kw);
                    ox = s.ow;
                }
                while ox < s.ow {
                    let (from, to) = (from.add(ox * sw * c), to.add(ox * c));
                    let left = s.ow - ox;
                    ox += if left >= 8 && S::WIDE == 4 {
                        outputs::<S, KW, 8>(from, weight, to, c, row, s.kh, kw, sw)
                    } else if left >= 4 {
                        outputs::<S, KW, 4>(from, weight, to, c, row, s.kh, kw, sw)
                    } else if left >= 2 {
                        outputs::<S, KW, 2>(from, weight, to, c, row, s.kh, kw, sw)
                    } else {
                        outputs::<S, KW, 1>(from, weight, to, c, row, s.kh, kw, sw)
                    };
                }
                finish.apply::<S>(to, c, 0, s.ow, 0, c);
            }
            oy += rows;
        }
    }
}

/// Computes a row of `count` floats. `weight` has a vector for each tap, in which the channels repeat.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn flat_row<S: Simd, const KW: usize>(
    x: *const f32,
    weight: *const f32,
    y: *mut f32,
    count: usize,
    c: usize,
    row: usize,
    kh: usize,
    kw: usize,
) {
    let mut i = 0;
    while i < count {
        i += if count - i >= 4 * S::LANES {
            flat_vectors::<S, KW, 4>(x.add(i), weight, y.add(i), count - i, c, row, kh, kw)
        } else {
            flat_vectors::<S, KW, 1>(x.add(i), weight, y.add(i), count - i, c, row, kh, kw)
        };
    }
}

/// Computes V vectors of a row, the last one of at most `count` floats, and returns their floats.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn flat_vectors<S: Simd, const KW: usize, const V: usize>(
    x: *const f32,
    weight: *const f32,
    y: *mut f32,
    count: usize,
    c: usize,
    row: usize,
    kh: usize,
    kw: usize,
) -> usize {
    let mut sums = [S::splat(0.0); V];
    for ky in 0..kh {
        for kx in 0..(if KW > 0 { KW } else { kw }) {
            let tap = S::load(weight.add((ky * kw + kx) * S::LANES));
            for v in 0..V {
                let at = v * S::LANES;
                sums[v] = tap.fma(S::load_n(x.add(ky * row + kx * c + at), count - at), sums[v]);
            }
        }
    }
    for v in 0..V {
        sums[v].store_n(y.add(v * S::LANES), count - v * S::LANES);
    }
    V * S::LANES
}

/// Computes O adjacent outputs of a row and returns O.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn outputs<S: Simd, const KW: usize, const O: usize>(
    x: *const f32,
    weight: *const f32,
    y: *mut f32,
    c: usize,
    row: usize,
    kh: usize,
    kw: usize,
    sw: usize,
) -> usize {
    let mut ch = 0;
    while ch < c {
        let n = c - ch;
        let mut sums = [S::splat(0.0); O];
        for ky in 0..kh {
            let (from, taps) = (x.add(ky * row + ch), weight.add(ky * kw * c + ch));
            for kx in 0..(if KW > 0 { KW } else { kw }) {
                let tap = S::load_n(taps.add(kx * c), n);
                for o in 0..O {
                    sums[o] = tap.fma(S::load_n(from.add((o * sw + kx) * c), n), sums[o]);
                }
            }
        }
        for o in 0..O {
            sums[o].store_n(y.add(o * c + ch), n);
        }
        ch += S::LANES;
    }
    O
}

/// dx[n,h,w,c] from dy[n,oh,ow,c] at any stride. The inputs of one phase, whose places have the same remainder by the stride,
/// are read by the same columns of the kernel.
#[inline(always)]
pub unsafe fn backprop_input<S: Simd>(args: &mut Args) -> f64 {
    let (dy, n, h, w, c, weight) = (args.floats(), args.size(), args.size(), args.size(), args.size(), args.floats());
    let (kh, kw, sh, sw) = (args.size(), args.size(), args.size(), args.size());
    let (top, left, oh, ow, dx) = (args.size(), args.size(), args.size(), args.size(), args.floats());
    // Copies of the rows of dy that an input row reads, each with `reach` pixels of zeros before and after it.
    let reach = kw.div_ceil(sw);
    let tail = ((w + left) / sw + 1).max(ow) - ow;
    let columns = reach + ow + tail;
    let row = columns * c;
    let cost = (h * w * (1 + kh * kw / 4 / (sh * sw)) + oh * ow) * c;
    each_range::<S, _>(
        n,
        1,
        cost,
        #[inline(always)]
        |first, end| {
            let mut scratch = Scratch::new(kh.div_ceil(sh) * row);
            let padded = scratch.at();
            std::ptr::write_bytes(padded, 0, kh.div_ceil(sh) * row);
            let mut kys = Vec::with_capacity(kh.div_ceil(sh));
            for image in first..end {
                let base = dy.add(image * oh * ow * c);
                for iy in 0..h {
                    let out = dx.add((image * h + iy) * w * c);
                    // Row oy of dy reads input row iy with the kernel's row ky: oy·sh + ky = iy + top.
                    kys.clear();
                    let mut ky = (iy + top) % sh;
                    while ky < kh && ky <= iy + top {
                        let oy = (iy + top - ky) / sh;
                        if oy < oh {
                            std::ptr::copy_nonoverlapping(
                                base.add(oy * ow * c),
                                padded.add(kys.len() * row + reach * c),
                                ow * c,
                            );
                            kys.push(ky);
                        }
                        ky += sh;
                    }
                    for phase in 0..sw {
                        // The first input with (ix + left) % sw = phase.
                        let mut ix = (phase + sw - left % sw) % sw;
                        while ix < w {
                            let left_here = (w - ix).div_ceil(sw);
                            let at = padded.add((reach + (ix + left) / sw) * c);
                            let to = out.add(ix * c);
                            let taken = if left_here >= 4 {
                                inputs::<S, 4>(at, weight, to, c, row, &kys, kw, sw, phase)
                            } else {
                                inputs::<S, 1>(at, weight, to, c, row, &kys, kw, sw, phase)
                            };
                            ix += taken * sw;
                        }
                    }
                }
            }
        },
    );
    0.0
}

/// Computes I inputs, a stride apart, and returns I. `dy` is the place of the first one's last output.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn inputs<S: Simd, const I: usize>(
    dy: *const f32,
    weight: *const f32,
    dx: *mut f32,
    c: usize,
    row: usize,
    kys: &[usize],
    kw: usize,
    sw: usize,
    phase: usize,
) -> usize {
    let mut ch = 0;
    while ch < c {
        let n = c - ch;
        let mut sums = [S::splat(0.0); I];
        for (r, ky) in kys.iter().enumerate() {
            let mut kx = phase;
            let mut from = dy.add(r * row + ch);
            while kx < kw {
                let tap = S::load_n(weight.add((ky * kw + kx) * c + ch), n);
                for i in 0..I {
                    sums[i] = tap.fma(S::load_n(from.add(i * c), n), sums[i]);
                }
                from = from.sub(c);
                kx += sw;
            }
        }
        for i in 0..I {
            sums[i].store_n(dx.add(i * sw * c + ch), n);
        }
        ch += S::LANES;
    }
    I
}

/// dw[kh,kw,c] from x[n,h,w,c] and dy[n,oh,ow,c].
#[inline(always)]
pub unsafe fn backprop_filter<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy, n, h, w, c) = (args.floats(), args.floats(), args.size(), args.size(), args.size(), args.size());
    let (kh, kw, sh, sw) = (args.size(), args.size(), args.size(), args.size());
    let (top, left, oh, ow, dw) = (args.int(), args.int(), args.size(), args.size(), args.floats());
    let s = Sizes { n, h, w, c, kh, kw, sh, sw, top, left, oh, ow };
    let size = kh * kw * c;
    let mut scratch = sum_in_parts::<S, f32, _>(
        n,
        1,
        n * s.cost(),
        size,
        #[inline(always)]
        |first, end, sums| {
            let (x, dy) = (x.add(first * h * w * c), dy.add(first * oh * ow * c));
            sum_taps::<S>(x, dy, &Sizes { n: end - first, ..s }, sums);
        },
    );
    std::ptr::copy_nonoverlapping(scratch.at(), dw, size);
    0.0
}

/// dw[kh,kw,c] of some images.
#[inline(always)]
unsafe fn sum_taps<S: Simd>(x: *const f32, dy: *const f32, s: &Sizes, dw: *mut f32) {
    let Sizes { n, h, w, c, kh, kw, oh, ow, .. } = *s;
    std::ptr::write_bytes(dw, 0, kh * kw * c);
    let chunk = s.chunk();
    let mut scratch = Scratch::new(s.scratch());
    let padded = scratch.at();
    for image in 0..n {
        let mut oy = 0;
        while oy < oh {
            let rows = chunk.min(oh - oy);
            s.pad(x.add(image * h * w * c), oy, rows, padded);
            let grad = dy.add((image * oh + oy) * ow * c);
            match (kh, kw) {
                (3, 3) => taps::<S, 3, 3>(padded, grad, s, rows, 0, dw),
                (5, 5) if S::WIDE == 4 => taps::<S, 5, 5>(padded, grad, s, rows, 0, dw),
                _ => {
                    for ky in 0..kh {
                        match kw {
                            5 => taps::<S, 1, 5>(padded, grad, s, rows, ky, dw),
                            _ => {
                                for kx in 0..kw {
                                    let (padded, dw) = (padded.add(kx * c), dw.add(kx * c));
                                    taps::<S, 1, 1>(padded, grad, s, rows, ky, dw);
                                }
                            }
                        }
                    }
                }
            }
            oy += rows;
        }
    }
}

/// Adds the sums of the kernel's rows [ky, ky + KH) and its first KW columns.
#[inline(always)]
unsafe fn taps<S: Simd, const KH: usize, const KW: usize>(
    x: *const f32,
    dy: *const f32,
    s: &Sizes,
    rows: usize,
    ky: usize,
    dw: *mut f32,
) {
    let (c, row) = (s.c, s.row());
    let mut ch = 0;
    while ch < c {
        let n = c - ch;
        let out = dw.add(ky * s.kw * c + ch);
        let mut sums = [[S::splat(0.0); KW]; KH];
        for r in 0..rows {
            let mut grad = dy.add(r * s.ow * c + ch);
            let mut from = x.add((r * s.sh + ky) * row + ch);
            for _ in 0..s.ow {
                let g = S::load_n(grad, n);
                for i in 0..KH {
                    for j in 0..KW {
                        sums[i][j] = g.fma(S::load_n(from.add(i * row + j * c), n), sums[i][j]);
                    }
                }
                grad = grad.add(c);
                from = from.add(s.sw * c);
            }
        }
        for i in 0..KH {
            for j in 0..KW {
                let to = out.add((i * s.kw + j) * c);
                S::load_n(to, n).add(sums[i][j]).store_n(to, n);
            }
        }
        ch += S::LANES;
    }
}
