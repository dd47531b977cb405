//! Layer norm over the last axis of x[m,d], and rows of unit length.
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::{each_range, sum_in_parts};

/// Clears the lanes past the end of a row.
#[inline(always)]
unsafe fn inside<S: Simd>(value: S, count: usize) -> S {
    if count >= S::LANES {
        return value;
    }
    let mut lanes = [0f32; 16];
    value.store_first(lanes.as_mut_ptr(), count);
    S::load(lanes.as_ptr())
}

/// Returns the mean of a row and 1 / sqrt(variance + eps), in two passes.
#[inline(always)]
unsafe fn statistics<S: Simd>(x: *const f32, d: usize, eps: f32) -> (f32, f32) {
    let mut sums = S::splat(0.0);
    let mut i = 0;
    while i < d {
        sums = sums.add(S::load_n(x.add(i), d - i));
        i += S::LANES;
    }
    let mean = sums.sum() / d as f32;
    let mut squares = S::splat(0.0);
    i = 0;
    while i < d {
        let centered = inside(S::load_n(x.add(i), d - i).sub(S::splat(mean)), d - i);
        squares = centered.fma(centered, squares);
        i += S::LANES;
    }
    (mean, 1.0 / (squares.sum() / d as f32 + eps).sqrt())
}

/// y = (x - mean)·invStd·gamma + beta.
#[inline(always)]
pub unsafe fn layer_norm<S: Simd>(args: &mut Args) -> f64 {
    let (x, m, d, gamma, beta) = (args.floats(), args.size(), args.size(), args.floats(), args.floats());
    let (eps, y) = (args.float(), args.floats());
    each_range::<S, _>(
        m,
        1,
        4 * d,
        #[inline(always)]
        |first, end| {
            for row in first..end {
                let (x, y) = (x.add(row * d), y.add(row * d));
                let (mean, inv_std) = statistics::<S>(x, d, eps);
                let (origin, factor) = (S::splat(mean), S::splat(inv_std));
                let mut i = 0;
                while i < d {
                    let n = d - i;
                    let x_hat = S::load_n(x.add(i), n).sub(origin).mul(factor);
                    x_hat.fma(S::load_n(gamma.add(i), n), S::load_n(beta.add(i), n)).store_n(y.add(i), n);
                    i += S::LANES;
                }
            }
        },
    );
    0.0
}

/// dx[m,d], dgamma[d] and dbeta[d] of layerNorm in one pass over the rows. Sums run within the parts of a fixed division first.
#[inline(always)]
pub unsafe fn layer_norm_grad<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy, m, d, gamma) = (args.floats(), args.floats(), args.size(), args.size(), args.floats());
    let (eps, dx, dgamma, dbeta) = (args.float(), args.floats(), args.floats(), args.floats());
    let mut scratch = sum_in_parts::<S, f32, _>(
        m,
        1,
        4 * m * d,
        2 * d,
        #[inline(always)]
        |first, end, sums| {
            let (x, dy, dx) = (x.add(first * d), dy.add(first * d), dx.add(first * d));
            grad_rows::<S>(x, dy, end - first, d, gamma, eps, dx, sums, sums.add(d));
        },
    );
    let sums = scratch.at();
    std::ptr::copy_nonoverlapping(sums, dgamma, d);
    std::ptr::copy_nonoverlapping(sums.add(d), dbeta, d);
    0.0
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn grad_rows<S: Simd>(
    x: *const f32,
    dy: *const f32,
    m: usize,
    d: usize,
    gamma: *const f32,
    eps: f32,
    dx: *mut f32,
    dgamma: *mut f32,
    dbeta: *mut f32,
) {
    std::ptr::write_bytes(dgamma, 0, d);
    std::ptr::write_bytes(dbeta, 0, d);
    for row in 0..m {
        let (x, dy, dx) = (x.add(row * d), dy.add(row * d), dx.add(row * d));
        let (mean, inv_std) = statistics::<S>(x, d, eps);
        let (origin, factor) = (S::splat(mean), S::splat(inv_std));
        let (mut sums, mut products) = (S::splat(0.0), S::splat(0.0));
        let mut i = 0;
        while i < d {
            let n = d - i;
            let x_hat = S::load_n(x.add(i), n).sub(origin).mul(factor);
            let dyv = S::load_n(dy.add(i), n);
            let g = dyv.mul(S::load_n(gamma.add(i), n));
            sums = sums.add(g);
            products = inside(g.mul(x_hat), n).add(products);
            dyv.fma(x_hat, S::load_n(dgamma.add(i), n)).store_n(dgamma.add(i), n);
            S::load_n(dbeta.add(i), n).add(dyv).store_n(dbeta.add(i), n);
            i += S::LANES;
        }
        let mean_g = S::splat(sums.sum() / d as f32);
        let mean_product = S::splat(products.sum() / d as f32);
        i = 0;
        while i < d {
            let n = d - i;
            let x_hat = S::load_n(x.add(i), n).sub(origin).mul(factor);
            let g = S::load_n(dy.add(i), n).mul(S::load_n(gamma.add(i), n));
            g.sub(mean_g).sub(x_hat.mul(mean_product)).mul(factor).store_n(dx.add(i), n);
            i += S::LANES;
        }
    }
}

#[inline(always)]
unsafe fn dot<S: Simd>(a: *const f32, b: *const f32, d: usize) -> f32 {
    let mut sums = S::splat(0.0);
    let mut i = 0;
    while i < d {
        sums = S::load_n(a.add(i), d - i).fma(S::load_n(b.add(i), d - i), sums);
        i += S::LANES;
    }
    sums.sum()
}

/// y[r] = x[r] / max(|x[r]|, eps).
#[inline(always)]
pub unsafe fn l2_normalize<S: Simd>(args: &mut Args) -> f64 {
    let (x, m, d, eps, y) = (args.floats(), args.size(), args.size(), args.float(), args.floats());
    each_range::<S, _>(
        m,
        1,
        3 * d,
        #[inline(always)]
        |first, end| {
            for row in first..end {
                let (x, y) = (x.add(row * d), y.add(row * d));
                let norm = dot::<S>(x, x, d).sqrt();
                let inverse = S::splat(1.0 / if norm < eps { eps } else { norm });
                let mut i = 0;
                while i < d {
                    S::load_n(x.add(i), d - i).mul(inverse).store_n(y.add(i), d - i);
                    i += S::LANES;
                }
            }
        },
    );
    0.0
}

/// dx[r] = (dy - y·(y·dy)) / |x|, or dy / eps if the norm was clamped.
#[inline(always)]
pub unsafe fn l2_normalize_grad<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy, m, d) = (args.floats(), args.floats(), args.size(), args.size());
    let (eps, dx) = (args.float(), args.floats());
    each_range::<S, _>(
        m,
        1,
        6 * d,
        #[inline(always)]
        |first, end| {
            for row in first..end {
                let (x, dy, dx) = (x.add(row * d), dy.add(row * d), dx.add(row * d));
                let norm = dot::<S>(x, x, d).sqrt();
                let inverse = 1.0 / if norm < eps { eps } else { norm };
                let along = S::splat(if norm > eps { dot::<S>(x, dy, d) * inverse * inverse } else { 0.0 });
                let mut i = 0;
                while i < d {
                    let n = d - i;
                    let across = S::load_n(dy.add(i), n).sub(S::load_n(x.add(i), n).mul(along));
                    S::splat(inverse).mul(across).store_n(dx.add(i), n);
                    i += S::LANES;
                }
            }
        },
    );
    0.0
}
