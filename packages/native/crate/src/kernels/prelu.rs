//! PReLU over rows x[m,c] with one slope per channel.
use super::act::{apply, apply_grad, PRELU};
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::{each_row_vector, sum_in_parts};

/// Rows that are summed in float32.
const BLOCK: usize = 128;

/// y = x if x > 0, else slope·x, with slope[c].
#[inline(always)]
pub unsafe fn prelu<S: Simd>(args: &mut Args) -> f64 {
    let (x, m, c, slope, y) = (args.floats(), args.size(), args.size(), args.floats(), args.floats());
    each_row_vector::<S, _>(
        m,
        c,
        2,
        #[inline(always)]
        |at, ch, n| apply::<S, PRELU>(S::load_n(x.add(at), n), S::load_n(slope.add(ch), n)).store_n(y.add(at), n),
    );
    0.0
}

/// dx = dy if x > 0, else slope·dy, with slope[c].
#[inline(always)]
pub unsafe fn grad_input<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy, m, c) = (args.floats(), args.floats(), args.size(), args.size());
    let (slope, dx) = (args.floats(), args.floats());
    each_row_vector::<S, _>(
        m,
        c,
        3,
        #[inline(always)]
        |at, ch, n| {
            let slopes = S::load_n(slope.add(ch), n);
            apply_grad::<S, PRELU>(S::load_n(dy.add(at), n), S::load_n(x.add(at), n), slopes).store_n(dx.add(at), n);
        },
    );
    0.0
}

/// dslope[c] = Σ dy·min(x, 0), in float32 within blocks of rows and float64 across blocks.
#[inline(always)]
pub unsafe fn grad_slope<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy, m, c, dslope) = (args.floats(), args.floats(), args.size(), args.size(), args.floats());
    let mut scratch = sum_in_parts::<S, f64, _>(
        m,
        BLOCK,
        2 * m * c,
        c,
        #[inline(always)]
        |first, end, totals| sum_slopes::<S>(x.add(first * c), dy.add(first * c), end - first, c, totals),
    );
    let totals = scratch.at() as *mut f64;
    for ch in 0..c {
        *dslope.add(ch) = *totals.add(ch) as f32;
    }
    0.0
}

#[inline(always)]
unsafe fn sum_slopes<S: Simd>(x: *const f32, dy: *const f32, m: usize, c: usize, totals: *mut f64) {
    std::ptr::write_bytes(totals, 0, c);
    let mut row = 0;
    while row < m {
        let end = m.min(row + BLOCK);
        let mut ch = 0;
        while ch < c {
            let n = c - ch;
            let mut sums = [S::splat(0.0); 2];
            for r in row..end {
                let at = r * c + ch;
                sums[r & 1] = S::load_n(x.add(at), n).min(S::splat(0.0)).fma(S::load_n(dy.add(at), n), sums[r & 1]);
            }
            let mut lanes = [0f32; 16];
            sums[0].add(sums[1]).store(lanes.as_mut_ptr());
            for i in 0..n.min(S::LANES) {
                *totals.add(ch + i) += lanes[i] as f64;
            }
            ch += S::LANES;
        }
        row = end;
    }
}
