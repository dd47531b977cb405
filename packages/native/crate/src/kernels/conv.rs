//! Convolutions as matrix products of patches, which are written block by block while they are in cache.
use super::finish::Finish;
use super::gemm::{multiply_as, multiply_on_threads, Left, Product};
use super::patches::{write_patches, Sizes};
use super::winograd::{self, Convolution, Weights};
use crate::heap::{Args, Scratch};
use crate::simd::Simd;
use crate::team::{each_range, PRODUCTS_PER_FLOAT};

/// Floats of patches that are computed at a time, few enough to stay in cache.
const PATCHES: usize = 1 << 16;

/// Rows [row0, row1) of the patches out[n·oh·ow, kh·kw·c] of x[n,h,w,c]; places outside the image are zero.
#[inline(always)]
pub unsafe fn im2col<S: Simd>(args: &mut Args) -> f64 {
    let (x, s) = (args.floats(), Sizes::read(args));
    let (row0, row1, out) = (args.size(), args.size(), args.floats());
    each_range::<S, _>(
        row1 - row0,
        1,
        2 * s.patch(),
        #[inline(always)]
        |first, end| {
            let out = out.add(first * s.patch());
            write_patches::<S, false>(x, &s, row0 + first, end - first, 0, s.patch(), out, s.patch());
        },
    );
    0.0
}

/// Adds rows [row0, row1) of patches to dx[n,h,w,c], which must be initialized.
#[inline(always)]
pub unsafe fn col2im<S: Simd>(args: &mut Args) -> f64 {
    let (from, s) = (args.floats(), Sizes::read(args));
    let (row0, row1, dx) = (args.size(), args.size(), args.floats());
    add_patches::<S>(from, &s, row0, row1, dx);
    0.0
}

#[inline(always)]
unsafe fn add_patches<S: Simd>(mut from: *const f32, s: &Sizes, row0: usize, row1: usize, dx: *mut f32) {
    let mut place = s.place(row0);
    for _ in row0..row1 {
        let (first, end) = s.inside(place.0);
        for ky in 0..s.kh as usize {
            if let Some(start) = s.start(place, ky) {
                let mut i = first;
                while i < end {
                    let (to, n) = (dx.offset(start + i as isize), end - i);
                    S::load_n(to, n).add(S::load_n(from.add(i), n)).store_n(to, n);
                    i += S::LANES;
                }
            }
            from = from.add(s.run());
        }
        place = s.next(place);
    }
}

/// dx[n,h,w,c] from dy[n,oh,ow,channels] and filter[kh,kw,c,channels] at any stride: products become patches, which are added to dx.
/// At stride 1, the convolution with the turned filter is faster.
#[inline(always)]
pub unsafe fn backprop_input<S: Simd>(args: &mut Args) -> f64 {
    let (dy, n, s) = (args.floats(), args.size(), Sizes::read(args));
    let (filter, channels, dx) = (args.floats(), args.size(), args.floats());
    let bfloat16 = args.flag();
    let (outputs, inputs, patch) = (s.oh * s.ow, s.h as usize * s.w as usize * s.c, s.patch());
    let cost = inputs + outputs * patch * (channels / PRODUCTS_PER_FLOAT + 3);
    // An image's patches overlap, so a thread adds all of them.
    each_range::<S, _>(
        n,
        1,
        cost,
        #[inline(always)]
        |first, end| {
            std::ptr::write_bytes(dx.add(first * inputs), 0, (end - first) * inputs);
            let rows = (PATCHES / patch).clamp(1, outputs);
            let mut scratch = Scratch::new(rows * patch);
            let patches = scratch.at();
            let mut row = first * outputs;
            while row < end * outputs {
                let rows = rows.min(end * outputs - row);
                let product = Product {
                    trans_b: true,
                    m: rows,
                    n: patch,
                    k: channels,
                    a: Left::Stored(dy.add(row * channels), channels),
                    b: filter,
                    ldb: channels,
                    c: patches,
                    ldc: patch,
                    ..Product::default()
                };
                multiply_as::<S>(bfloat16, &product);
                add_patches::<S>(patches, &s, row, row + rows, dx);
                row += rows;
            }
        },
    );
    0.0
}

/// y[n,oh,ow,channels] from x[n,h,w,c] and filter[kh,kw,c,channels].
#[inline(always)]
pub unsafe fn convolve<S: Simd>(args: &mut Args) -> f64 {
    let (x, n, s) = (args.floats(), args.size(), Sizes::read(args));
    let (filter, channels, y) = (args.floats(), args.size(), args.floats());
    args.skip();
    let bfloat16 = args.flag();
    if winograd::suits(n, &s, channels, true, bfloat16) {
        let weights = Weights::Filter(filter);
        let convolution = Convolution { x, n, s: &s, weights, channels, y, finish: Finish::NOTHING };
        let is_finite = if bfloat16 {
            winograd::convolve::<S, true>(&convolution)
        } else {
            winograd::convolve::<S, false>(&convolution)
        };
        if is_finite {
            return 0.0;
        }
        // In a tile, one NaN or infinity reaches outputs that do not depend on it, so the direct product decides.
    }
    let product = Product {
        trans_a: false,
        trans_b: false,
        m: n * s.oh * s.ow,
        n: channels,
        k: s.patch(),
        a: Left::Patches(x, &s),
        b: filter,
        ldb: channels,
        c: y,
        ldc: channels,
        ..Product::default()
    };
    multiply_on_threads::<S>(&product, bfloat16, false);
    0.0
}

/// dw[kh,kw,c,channels] from x[n,h,w,c] and dy[n,oh,ow,channels].
#[inline(always)]
pub unsafe fn backprop_filter<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy, n, s) = (args.floats(), args.floats(), args.size(), Sizes::read(args));
    let (channels, dw) = (args.size(), args.floats());
    args.skip();
    let bfloat16 = args.flag();
    if winograd::suits(n, &s, channels, true, bfloat16) {
        let is_finite = if bfloat16 {
            winograd::backprop_filter::<S, true>(x, dy, n, &s, channels, dw)
        } else {
            winograd::backprop_filter::<S, false>(x, dy, n, &s, channels, dw)
        };
        if is_finite {
            return 0.0;
        }
    }
    let product = Product {
        trans_a: true,
        trans_b: false,
        m: s.patch(),
        n: channels,
        k: n * s.oh * s.ow,
        a: Left::Patches(x, &s),
        b: dy,
        ldb: channels,
        c: dw,
        ldc: channels,
        ..Product::default()
    };
    multiply_on_threads::<S>(&product, bfloat16, false);
    0.0
}

/// turned[kh,kw,channels,c]: the filter [kh,kw,c,channels] turned by 180 degrees, with its channels exchanged. At stride 1, the
/// input gradient is the convolution of dy with it.
#[inline(always)]
pub unsafe fn turn_filter<S: Simd>(args: &mut Args) -> f64 {
    let (filter, taps, c, channels, out) = (args.floats(), args.size(), args.size(), args.size(), args.floats());
    each_range::<S, _>(
        taps,
        1,
        2 * c * channels,
        #[inline(always)]
        |first, end| {
            for tap in first..end {
                let (from, to) = (filter.add(tap * c * channels), out.add((taps - 1 - tap) * c * channels));
                super::pack::transpose::<S>(from, channels, c, channels, to, c);
            }
        },
    );
    0.0
}
