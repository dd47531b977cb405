//! Softmax over the rows of a matrix, and its gradient.
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::each_range;

/// The lanes past the end of a row become `other`.
#[inline(always)]
unsafe fn or_else<S: Simd>(value: S, count: usize, other: f32) -> S {
    if count >= S::LANES {
        return value;
    }
    let mut lanes = [other; 16];
    value.store_first(lanes.as_mut_ptr(), count);
    S::load(lanes.as_ptr())
}

/// x[m,n] = softmax(factor · x) of each row, in place, with `step` floats from one row to the next.
#[inline(always)]
pub unsafe fn rows<S: Simd>(x: *mut f32, m: usize, n: usize, step: usize, factor: f32) {
    let scale = S::splat(factor);
    for r in 0..m {
        let row = x.add(r * step);
        let mut highest = S::splat(f32::NEG_INFINITY);
        let mut i = 0;
        while i < n {
            let v = or_else(S::load_n(row.add(i), n - i).mul(scale), n - i, f32::NEG_INFINITY);
            // NaN replaces every other value, because max keeps a NaN of its first operand.
            highest = S::select(highest.is_nan(), highest, v.max(highest));
            i += S::LANES;
        }
        let most = S::splat(highest.highest());
        let mut sums = S::splat(0.0);
        i = 0;
        while i < n {
            let e = S::load_n(row.add(i), n - i).mul(scale).sub(most).exp();
            e.store_n(row.add(i), n - i);
            sums = sums.add(or_else(e, n - i, 0.0));
            i += S::LANES;
        }
        let inverse = S::splat(1.0 / sums.sum());
        i = 0;
        while i < n {
            S::load_n(row.add(i), n - i).mul(inverse).store_n(row.add(i), n - i);
            i += S::LANES;
        }
    }
}

#[inline(always)]
pub unsafe fn softmax_rows<S: Simd>(args: &mut Args) -> f64 {
    let (x, m, n, factor) = (args.floats(), args.size(), args.size(), args.float());
    each_range::<S, _>(
        m,
        1,
        6 * n,
        #[inline(always)]
        |first, end| rows::<S>(x.add(first * n), end - first, n, n, factor),
    );
    0.0
}

/// dp[m,n] = factor · p · (dp - Σ dp·p) of each row, in place: the gradient of factor · x for p = softmax(factor · x), with `step`
/// floats from one row to the next.
#[inline(always)]
pub unsafe fn rows_grad<S: Simd>(p: *const f32, dp: *mut f32, m: usize, n: usize, step: usize, factor: f32) {
    for r in 0..m {
        let (p, dp) = (p.add(r * step), dp.add(r * step));
        let mut sums = S::splat(0.0);
        let mut i = 0;
        while i < n {
            sums = or_else(S::load_n(p.add(i), n - i).mul(S::load_n(dp.add(i), n - i)), n - i, 0.0).add(sums);
            i += S::LANES;
        }
        let (sum, scale) = (S::splat(sums.sum()), S::splat(factor));
        i = 0;
        while i < n {
            let centered = S::load_n(dp.add(i), n - i).sub(sum);
            S::load_n(p.add(i), n - i).mul(centered).mul(scale).store_n(dp.add(i), n - i);
            i += S::LANES;
        }
    }
}

#[inline(always)]
pub unsafe fn softmax_rows_grad<S: Simd>(args: &mut Args) -> f64 {
    let (p, dp, m, n, factor) = (args.floats(), args.floats(), args.size(), args.size(), args.float());
    each_range::<S, _>(
        m,
        1,
        4 * n,
        #[inline(always)]
        |first, end| {
            rows_grad::<S>(p.add(first * n), dp.add(first * n), end - first, n, n, factor);
        },
    );
    0.0
}
