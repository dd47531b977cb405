//! Max pooling of NHWC images; padding is never the largest value. NaN wins every window, and the last NaN takes its gradient.
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::each_range;

struct Windows {
    n: usize,
    h: usize,
    w: usize,
    c: usize,
    k: usize,
    stride: usize,
    padding: usize,
    oh: usize,
    ow: usize,
}

impl Windows {
    fn read(args: &mut Args) -> Self {
        Self {
            n: args.size(),
            h: args.size(),
            w: args.size(),
            c: args.size(),
            k: args.size(),
            stride: args.size(),
            padding: args.size(),
            oh: args.size(),
            ow: args.size(),
        }
    }
    /// The places [first, end) along an axis of `size` places that an output reads.
    #[inline(always)]
    fn range(&self, output: usize, size: usize) -> (usize, usize) {
        let start = output * self.stride;
        (start.saturating_sub(self.padding), (start + self.k).saturating_sub(self.padding).min(size))
    }
}

/// y[n,oh,ow,c] = the largest value of each k x k window of x[n,h,w,c].
#[inline(always)]
pub unsafe fn max_pool<S: Simd>(args: &mut Args) -> f64 {
    let x = args.floats();
    let g = Windows::read(args);
    let y = args.floats();
    each_range::<S, _>(
        g.n,
        1,
        (g.h * g.w + g.k * g.oh * g.ow) * g.c,
        #[inline(always)]
        |first, end| {
            let mut y = y.add(first * g.oh * g.ow * g.c);
            for image in first..end {
                for oy in 0..g.oh {
                    let (top, bottom) = g.range(oy, g.h);
                    for ox in 0..g.ow {
                        let (left, right) = g.range(ox, g.w);
                        let mut ch = 0;
                        while ch < g.c {
                            let n = g.c - ch;
                            let mut best = S::splat(f32::NEG_INFINITY);
                            for iy in top..bottom {
                                let mut from = x.add(((image * g.h + iy) * g.w + left) * g.c + ch);
                                for _ in left..right {
                                    let v = S::load_n(from, n);
                                    // The larger value, or NaN if either is.
                                    let larger = v.max(best);
                                    best = S::select(best.is_nan(), best, larger);
                                    from = from.add(g.c);
                                }
                            }
                            best.store_n(y.add(ch), n);
                            ch += S::LANES;
                        }
                        y = y.add(g.c);
                    }
                }
            }
        },
    );
    0.0
}

/// dx[n,h,w,c]: the dy of each window goes to its first largest value y in row-major order, or to its last NaN.
#[inline(always)]
pub unsafe fn max_pool_grad<S: Simd>(args: &mut Args) -> f64 {
    let (x, y, dy) = (args.floats(), args.floats(), args.floats());
    let g = Windows::read(args);
    let dx = args.floats();
    let zero = S::splat(0.0);
    each_range::<S, _>(
        g.n,
        1,
        (3 * g.h * g.w + g.k * g.oh * g.ow) * g.c,
        #[inline(always)]
        |first, end| {
            let outputs = g.oh * g.ow * g.c;
            let (mut y, mut dy) = (y.add(first * outputs), dy.add(first * outputs));
            let inputs = g.h * g.w * g.c;
            std::ptr::write_bytes(dx.add(first * inputs), 0, (end - first) * inputs);
            for image in first..end {
                for oy in 0..g.oh {
                    let (top, bottom) = g.range(oy, g.h);
                    for ox in 0..g.ow {
                        let (left, right) = g.range(ox, g.w);
                        let mut ch = 0;
                        while ch < g.c {
                            let n = g.c - ch;
                            let best = S::load_n(y.add(ch), n);
                            // dy in the lanes whose place is not found yet, else 0.
                            let mut open = S::load_n(dy.add(ch), n);
                            for iy in top..bottom {
                                let mut at = ((image * g.h + iy) * g.w + left) * g.c + ch;
                                for _ in left..right {
                                    let here = S::load_n(x.add(at), n).eq(best);
                                    S::load_n(dx.add(at), n).add(S::select(here, open, zero)).store_n(dx.add(at), n);
                                    open = S::select(here, zero, open);
                                    at += g.c;
                                }
                            }
                            if S::any(best.is_nan()) {
                                for one in ch..g.c.min(ch + S::LANES) {
                                    grad_to_last_nan(
                                        x.add(one),
                                        y.add(one),
                                        dy.add(one),
                                        &g,
                                        image,
                                        (top, bottom),
                                        (left, right),
                                        dx.add(one),
                                    );
                                }
                            }
                            ch += S::LANES;
                        }
                        y = y.add(g.c);
                        dy = dy.add(g.c);
                    }
                }
            }
        },
    );
    0.0
}

/// If y is NaN, adds the window's dy of one channel to its last NaN, as PyTorch does.
#[allow(clippy::too_many_arguments)]
unsafe fn grad_to_last_nan(
    x: *const f32,
    y: *const f32,
    dy: *const f32,
    g: &Windows,
    image: usize,
    (top, bottom): (usize, usize),
    (left, right): (usize, usize),
    dx: *mut f32,
) {
    if !(*y).is_nan() {
        return;
    }
    for iy in (top..bottom).rev() {
        for ix in (left..right).rev() {
            let at = ((image * g.h + iy) * g.w + ix) * g.c;
            if (*x.add(at)).is_nan() {
                *dx.add(at) += *dy;
                return;
            }
        }
    }
}
