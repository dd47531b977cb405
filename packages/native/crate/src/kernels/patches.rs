//! The patches of NHWC images, which make a convolution a matrix product: row r of the patches [n·oh·ow, kh·kw·c] is what output
//! r reads. Places outside the image are zero.
use crate::heap::Args;
use crate::simd::Simd;

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
    /// Floats of a patch.
    pub fn patch(&self) -> usize {
        self.kh as usize * self.kw as usize * self.c
    }
    /// Floats of a row of a patch, which are contiguous in the image.
    pub fn run(&self) -> usize {
        self.kw as usize * self.c
    }
    /// The column, row and image of an output.
    pub fn place(&self, row: usize) -> (usize, usize, usize) {
        (row % self.ow, row / self.ow % self.oh, row / (self.ow * self.oh))
    }
    /// The floats [first, end) of a patch's row that lie inside the image, for an output's column.
    #[inline(always)]
    pub fn inside(&self, ox: usize) -> (usize, usize) {
        let ix = ox as isize * self.sw - self.left;
        ((-ix).clamp(0, self.kw) as usize * self.c, (self.w - ix).clamp(0, self.kw) as usize * self.c)
    }
    /// Where row ky of a patch starts in the images, if it is a row of the image. The start may lie before the image's row.
    #[inline(always)]
    pub fn start(&self, (ox, oy, image): (usize, usize, usize), ky: usize) -> Option<isize> {
        let iy = oy as isize * self.sh - self.top + ky as isize;
        let ix = ox as isize * self.sw - self.left;
        (iy >= 0 && iy < self.h).then(|| ((image as isize * self.h + iy) * self.w + ix) * self.c as isize)
    }
    /// The place after another one.
    #[inline(always)]
    pub fn next(&self, (ox, oy, image): (usize, usize, usize)) -> (usize, usize, usize) {
        if ox + 1 < self.ow {
            (ox + 1, oy, image)
        } else if oy + 1 < self.oh {
            (0, oy + 1, image)
        } else {
            (0, 0, image + 1)
        }
    }
}

/// With SLACK, whole vectors are stored: what they write past the end is written again later, or is never read.
#[inline(always)]
unsafe fn copy<S: Simd, const SLACK: bool>(from: *const f32, count: usize, to: *mut f32) {
    let mut i = 0;
    while i < count {
        let values = S::load_n(from.add(i), count - i);
        if SLACK {
            values.store(to.add(i));
        } else {
            values.store_n(to.add(i), count - i);
        }
        i += S::LANES;
    }
}

/// Writes columns [p0, p0 + depth) of the patches [row0, row0 + rows), with `step` floats from one row to the next. With SLACK, up
/// to a vector after each row is written, too.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub unsafe fn write_patches<S: Simd, const SLACK: bool>(
    x: *const f32,
    s: &Sizes,
    row0: usize,
    rows: usize,
    p0: usize,
    depth: usize,
    out: *mut f32,
    step: usize,
) {
    let run = s.run();
    let mut place = s.place(row0);
    for r in 0..rows {
        let (first, end) = s.inside(place.0);
        let mut p = p0;
        while p < p0 + depth {
            let ky = p / run;
            let (from, to) = (p - ky * run, run.min(p0 + depth - ky * run));
            let at = out.add(r * step + p - p0);
            match s.start(place, ky) {
                Some(start) if first <= from && end >= to => copy::<S, SLACK>(x.offset(start + from as isize), to - from, at),
                Some(start) => {
                    let (a, b) = (first.clamp(from, to), end.clamp(from, to));
                    std::ptr::write_bytes(at, 0, to - from);
                    if a < b {
                        copy::<S, SLACK>(x.offset(start + a as isize), b - a, at.add(a - from));
                    }
                }
                None => std::ptr::write_bytes(at, 0, to - from),
            }
            p += to - from;
        }
        place = s.next(place);
    }
}
