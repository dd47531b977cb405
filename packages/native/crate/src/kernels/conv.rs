//! Convolutions as matrix products: the patches of an image as rows, and their sum back into an image.
use super::gemm::Product;
use crate::heap::{Args, Scratch};
use crate::simd::Simd;

/// Floats of patches that are written at a time, few enough for the second-level cache.
const PATCHES: usize = 32 * 1024;

/// The sizes of a convolution: images [h,w,c], outputs [oh,ow].
pub struct Sizes {
    pub h: isize,
    pub w: isize,
    pub c: usize,
    pub kh: isize,
    pub kw: isize,
    pub sh: isize,
    pub sw: isize,
    pub top: isize,
    pub left: isize,
    pub oh: usize,
    pub ow: usize,
}

impl Sizes {
    pub fn read(args: &mut Args) -> Self {
        Self {
            h: args.int(),
            w: args.int(),
            c: args.size(),
            kh: args.int(),
            kw: args.int(),
            sh: args.int(),
            sw: args.int(),
            top: args.int(),
            left: args.int(),
            oh: args.size(),
            ow: args.size(),
        }
    }
    fn patch(&self) -> usize {
        self.kh as usize * self.kw as usize * self.c
    }
}

#[inline(always)]
unsafe fn copy<S: Simd>(from: *const f32, count: usize, to: *mut f32) {
    let mut i = 0;
    while i < count {
        S::load_n(from.add(i), count - i).store_n(to.add(i), count - i);
        i += S::LANES;
    }
}

/// Calls `visit` with each row of a patch in the image: its image and the columns of the kernel that lie inside.
macro_rules! for_rows {
    ($s:expr, $row0:expr, $row1:expr, |$ky:ident, $at:ident, $kx0:ident, $kx1:ident| $visit:block, $outside:block) => {
        let s = $s;
        let (mut ox, mut oy, mut image) = ($row0 % s.ow, $row0 / s.ow % s.oh, $row0 / (s.ow * s.oh));
        for _ in $row0..$row1 {
            let ix = ox as isize * s.sw - s.left;
            let ($kx0, $kx1) = ((-ix).clamp(0, s.kw), (s.w - ix).clamp(0, s.kw));
            for $ky in 0..s.kh {
                let iy = oy as isize * s.sh - s.top + $ky;
                if iy >= 0 && iy < s.h && $kx1 > $kx0 {
                    let $at = ((image as isize * s.h + iy) * s.w + ix + $kx0) as usize * s.c;
                    $visit
                } else {
                    $outside
                }
            }
            ox += 1;
            if ox == s.ow {
                ox = 0;
                oy += 1;
                if oy == s.oh {
                    oy = 0;
                    image += 1;
                }
            }
        }
    };
}

#[inline(always)]
unsafe fn patches<S: Simd>(x: *const f32, s: &Sizes, row0: usize, row1: usize, mut out: *mut f32) {
    let run = s.kw as usize * s.c;
    for_rows!(
        s,
        row0,
        row1,
        |_ky, at, kx0, kx1| {
            if kx1 - kx0 < s.kw {
                std::ptr::write_bytes(out, 0, run);
            }
            copy::<S>(x.add(at), (kx1 - kx0) as usize * s.c, out.add(kx0 as usize * s.c));
            out = out.add(run);
        },
        {
            std::ptr::write_bytes(out, 0, run);
            out = out.add(run);
        }
    );
}

/// Rows [row0, row1) of the patches out[n·oh·ow, kh·kw·c] of x[n,h,w,c]; places outside the image are zero.
#[inline(always)]
pub unsafe fn im2col<S: Simd>(args: &mut Args) -> f64 {
    let (x, s) = (args.floats(), Sizes::read(args));
    let (row0, row1, out) = (args.size(), args.size(), args.floats());
    patches::<S>(x, &s, row0, row1, out);
    0.0
}

/// Adds rows [row0, row1) of patches to dx[n,h,w,c], which must be initialized.
#[inline(always)]
pub unsafe fn col2im<S: Simd>(args: &mut Args) -> f64 {
    let (mut from, s) = (args.floats(), Sizes::read(args));
    let (row0, row1, dx) = (args.size(), args.size(), args.floats());
    let run = s.kw as usize * s.c;
    for_rows!(
        &s,
        row0,
        row1,
        |_ky, at, kx0, kx1| {
            let (to, from_here) = (dx.add(at), from.add(kx0 as usize * s.c));
            let count = (kx1 - kx0) as usize * s.c;
            let mut i = 0;
            while i < count {
                let n = count - i;
                S::load_n(to.add(i), n).add(S::load_n(from_here.add(i), n)).store_n(to.add(i), n);
                i += S::LANES;
            }
            from = from.add(run);
        },
        {
            from = from.add(run);
        }
    );
    0.0
}

/// The arguments of the thin convolutions, in another order than those of im2col.
unsafe fn thin_sizes(args: &mut Args) -> (usize, Sizes) {
    (args.size(), Sizes::read(args))
}

/// y[n,oh,ow,channels] from x[n,h,w,c] and filter[kh,kw,c,channels], for images with few channels.
#[inline(always)]
pub unsafe fn conv_thin<S: Simd>(args: &mut Args) -> f64 {
    let x = args.floats();
    let (n, s) = thin_sizes(args);
    let (filter, channels, y) = (args.floats(), args.size(), args.floats());
    let (rows, patch) = (n * s.oh * s.ow, s.patch());
    let block = (PATCHES / patch).max(1);
    let mut scratch = Scratch::new(block * patch);
    let a = scratch.at();
    let mut row = 0;
    while row < rows {
        let m = block.min(rows - row);
        patches::<S>(x, &s, row, row + m, a);
        S::multiply(&Product {
            trans_a: false,
            trans_b: false,
            m,
            n: channels,
            k: patch,
            a,
            lda: patch,
            b: filter,
            ldb: channels,
            c: y.add(row * channels),
            ldc: channels,
            accumulate: false,
        });
        row += m;
    }
    0.0
}

/// dw[kh,kw,c,channels] from x[n,h,w,c] and dy[n,oh,ow,channels].
#[inline(always)]
pub unsafe fn conv_thin_backprop_filter<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy) = (args.floats(), args.floats());
    let (n, s) = thin_sizes(args);
    let (channels, dw) = (args.size(), args.floats());
    let (rows, patch) = (n * s.oh * s.ow, s.patch());
    let block = (PATCHES / patch).max(1);
    let mut scratch = Scratch::new(block * patch);
    let a = scratch.at();
    std::ptr::write_bytes(dw, 0, patch * channels);
    let mut row = 0;
    while row < rows {
        let k = block.min(rows - row);
        patches::<S>(x, &s, row, row + k, a);
        S::multiply(&Product {
            trans_a: true,
            trans_b: false,
            m: patch,
            n: channels,
            k,
            a,
            lda: patch,
            b: dy.add(row * channels),
            ldb: channels,
            c: dw,
            ldc: channels,
            accumulate: true,
        });
        row += k;
    }
    0.0
}
