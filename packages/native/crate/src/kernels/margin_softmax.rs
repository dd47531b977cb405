//! The margin softmax over class centers, one block of classes at a time. The cosines of a block stay in cache between the
//! product that computes them and the two that use them, and the whole matrix of logits never exists.
use super::gemm::{Left, Product};
use crate::heap::{Args, Scratch};
use crate::simd::Simd;
use crate::team::{add_parts, each_part, fixed_parts, share, PRODUCTS_PER_FLOAT};

/// Classes of a block, as in the WebAssembly kernel, whose kept cosines have the same layout.
const BLOCK: usize = 128;
const NO_COLUMN: f32 = -1e30;
const SMALLEST_NORM: f32 = 1e-12;

/// The native kernels have scratch memory of their own.
#[inline(always)]
pub unsafe fn scratch_bytes<S: Simd>(_: &mut Args) -> f64 {
    16.0
}

#[inline(always)]
unsafe fn dot<S: Simd>(a: *const f32, b: *const f32, d: usize) -> f32 {
    let mut sums = [S::splat(0.0); 2];
    let mut i = 0;
    while i + 2 * S::LANES <= d {
        sums[0] = S::load(a.add(i)).fma(S::load(b.add(i)), sums[0]);
        sums[1] = S::load(a.add(i + S::LANES)).fma(S::load(b.add(i + S::LANES)), sums[1]);
        i += 2 * S::LANES;
    }
    while i < d {
        sums[0] = S::load_n(a.add(i), d - i).fma(S::load_n(b.add(i), d - i), sums[0]);
        i += S::LANES;
    }
    sums[0].add(sums[1]).sum()
}

/// cosines[b, count] of the unit rows e[b,d], transposed as et[d,b], with the centers w[count,d], by their inverse norms. The
/// product runs over the centers' rows as stored; packing them for few rows of e would cost as much as the product.
#[inline(always)]
unsafe fn cosines_of_block<S: Simd>(
    et: *const f32,
    b: usize,
    d: usize,
    w: *const f32,
    count: usize,
    inverse_norms: *const f32,
    cosines: *mut f32,
    turned: *mut f32,
) {
    S::multiply(&Product {
        trans_a: false,
        trans_b: false,
        m: count,
        n: b,
        k: d,
        a: Left::Stored(w, d),
        b: et,
        ldb: b,
        c: turned,
        ldc: b,
        accumulate: false,
        ..Product::default()
    });
    let mut row = 0;
    while row < b {
        let rows = 4.min(b - row);
        let mut j = 0;
        while rows == 4 && j + 4 <= count {
            S::transpose4(turned.add(j * b + row), b, cosines.add(row * count + j), count);
            j += 4;
        }
        for r in row..row + rows {
            for j in j..count {
                *cosines.add(r * count + j) = *turned.add(j * b + r);
            }
        }
        row += rows;
    }
    for row in 0..b {
        let line = cosines.add(row * count);
        let mut j = 0;
        while j < count {
            let n = count - j;
            S::load_n(line.add(j), n).mul(S::load_n(inverse_norms.add(j), n)).store_n(line.add(j), n);
            j += S::LANES;
        }
    }
}

/// e[b,d] as [d,b].
#[inline(always)]
unsafe fn transpose<S: Simd>(e: *const f32, b: usize, d: usize, out: *mut f32) {
    for row in 0..b {
        for i in 0..d {
            *out.add(i * b + row) = *e.add(row * d + i);
        }
    }
}

/// Logits; those of filtered cosines are 0.
#[inline(always)]
unsafe fn logits<S: Simd>(cosines: S, scale: S, filter: f32) -> S {
    let all = cosines.mul(scale);
    if filter > 0.0 {
        S::select(cosines.gt(S::splat(filter)), S::splat(0.0), all)
    } else {
        all
    }
}

/// Loads the cosines of a line; lanes past its end are far below every cosine.
#[inline(always)]
unsafe fn load_cosines<S: Simd>(line: *const f32, count: usize) -> S {
    if count >= S::LANES {
        return S::load(line);
    }
    let mut lanes = [NO_COLUMN; 16];
    std::ptr::copy_nonoverlapping(line, lanes.as_mut_ptr(), count);
    S::load(lanes.as_ptr())
}

#[inline(always)]
unsafe fn exp_one<S: Simd>(x: f32) -> f32 {
    let mut lanes = [0f32; 16];
    S::splat(x).exp().store(lanes.as_mut_ptr());
    lanes[0]
}

/// Computes own[b], rowMax[b], rowSum[b] and inverseNorms[c] of unit rows e[b,d] and centers w[c,d]; labels[b] are columns or
/// -1. kept[b·c], if not null, receives the cosines, one block of classes after another.
#[inline(always)]
pub unsafe fn forward<S: Simd>(args: &mut Args) -> f64 {
    let (e, b, d, w, c, labels) = (args.floats(), args.size(), args.size(), args.floats(), args.size(), args.ints());
    let (scale, filter) = (args.float(), args.float());
    let (own, row_max, row_sum) = (args.floats(), args.floats(), args.floats());
    let (inverse_norms, kept) = (args.floats(), args.floats());
    std::ptr::write_bytes(own, 0, b);
    let parts = fixed_parts(c.div_ceil(BLOCK), b * c * d / PRODUCTS_PER_FLOAT);
    let mut scratch = Scratch::new(d * b + 2 * parts * b);
    let et = scratch.at();
    let (maxima, sums) = (et.add(d * b), et.add((d + parts) * b));
    transpose::<S>(e, b, d, et);
    let scales = S::splat(scale);
    each_part::<S, _>(
        parts,
        #[inline(always)]
        |part| {
            let (first, end) = share(c, BLOCK, part, parts);
            let (row_max, row_sum) = (maxima.add(part * b), sums.add(part * b));
            for row in 0..b {
                *row_max.add(row) = NO_COLUMN;
                *row_sum.add(row) = 0.0;
            }
            let mut scratch = Scratch::new(2 * b * BLOCK);
            let turned = scratch.at();
            let mut j0 = first;
            while j0 < end {
                let count = BLOCK.min(end - j0);
                let centers = w.add(j0 * d);
                let norms = inverse_norms.add(j0);
                let cosines = if kept.is_null() { turned.add(b * BLOCK) } else { kept.add(b * j0) };
                for j in 0..count {
                    let center = centers.add(j * d);
                    let norm = dot::<S>(center, center, d).sqrt();
                    *norms.add(j) = 1.0 / if norm < SMALLEST_NORM { SMALLEST_NORM } else { norm };
                }
                cosines_of_block::<S>(et, b, d, centers, count, norms, cosines, turned);
                for row in 0..b {
                    let line = cosines.add(row * count);
                    let label = *labels.add(row) as isize - j0 as isize;
                    let here = label >= 0 && label < count as isize;
                    if here {
                        *own.add(row) = *line.offset(label);
                        // Excludes the label's column: the value is far below every logit, and the filter keeps it.
                        *line.offset(label) = NO_COLUMN;
                    }
                    let mut highest = S::splat(NO_COLUMN);
                    let mut j = 0;
                    while j < count {
                        highest = highest.max(logits(load_cosines(line.add(j), count - j), scales, filter));
                        j += S::LANES;
                    }
                    let before = *row_max.add(row);
                    let highest = highest.highest().max(before);
                    if highest > NO_COLUMN {
                        let shift = S::splat(highest);
                        let mut total = S::splat(0.0);
                        let mut j = 0;
                        while j < count {
                            total = total
                                .add(logits::<S>(load_cosines(line.add(j), count - j), scales, filter).sub(shift).exp());
                            j += S::LANES;
                        }
                        let past = *row_sum.add(row) * exp_one::<S>(before - highest);
                        *row_sum.add(row) = past + total.sum();
                        *row_max.add(row) = highest;
                    }
                    if here {
                        *line.offset(label) = *own.add(row);
                    }
                }
                j0 += BLOCK;
            }
        },
    );
    for row in 0..b {
        let (mut highest, mut sum) = (*maxima.add(row), *sums.add(row));
        for part in 1..parts {
            let (here, added) = (*maxima.add(part * b + row), *sums.add(part * b + row));
            let most = here.max(highest);
            sum = sum * exp_one::<S>(highest - most) + added * exp_one::<S>(here - most);
            highest = most;
        }
        *row_max.add(row) = highest;
        *row_sum.add(row) = sum;
    }
    0.0
}

/// Computes the gradients dE[b,d] and dW[c,d] of the mean loss; see the WebAssembly kernel.
#[inline(always)]
pub unsafe fn backward<S: Simd>(args: &mut Args) -> f64 {
    let (e, b, d, w, c, labels) = (args.floats(), args.size(), args.size(), args.floats(), args.size(), args.ints());
    let (inverse_norms, log_sum_exp, own_gradient) = (args.floats(), args.floats(), args.floats());
    let (scale, filter, factor) = (args.float(), args.float(), args.float());
    let (kept, de, dw) = (args.floats(), args.floats(), args.floats());
    let parts = fixed_parts(c.div_ceil(BLOCK), 3 * b * c * d / PRODUCTS_PER_FLOAT);
    let mut scratch = Scratch::new((1 + parts) * d * b);
    let et = scratch.at();
    let sums = et.add(d * b);
    if kept.is_null() {
        transpose::<S>(e, b, d, et);
    }
    let (scales, factors) = (S::splat(scale), S::splat(factor));
    each_part::<S, _>(
        parts,
        #[inline(always)]
        |part| {
            let (first, end) = share(c, BLOCK, part, parts);
            let mut scratch = Scratch::new(2 * b * BLOCK + BLOCK);
            let gradients = scratch.at();
            let turned = gradients.add(b * BLOCK);
            let along = turned.add(b * BLOCK);
            let de = sums.add(part * b * d);
            std::ptr::write_bytes(de, 0, b * d);
            let mut j0 = first;
            while j0 < end {
                let count = BLOCK.min(end - j0);
                let centers = w.add(j0 * d);
                let norms = inverse_norms.add(j0);
                let cosines = if kept.is_null() { gradients } else { kept.add(b * j0) };
                if kept.is_null() {
                    cosines_of_block::<S>(et, b, d, centers, count, norms, cosines, turned);
                }
                std::ptr::write_bytes(along, 0, count);
                // Cosines become their gradients, divided by the center's norm; along[j] sums the component along center j.
                for row in 0..b {
                    let line = cosines.add(row * count);
                    let out = gradients.add(row * count);
                    let label = *labels.add(row) as isize - j0 as isize;
                    let here = label >= 0 && label < count as isize;
                    let own = if here { *line.offset(label) } else { 0.0 };
                    if here {
                        // Low enough for an exponential of 0.
                        *line.offset(label) = NO_COLUMN;
                    }
                    let log_sum = S::splat(*log_sum_exp.add(row));
                    let mut j = 0;
                    while j < count {
                        let n = count - j;
                        let cosine: S = S::load_n(line.add(j), n);
                        let mut g = logits::<S>(cosine, scales, filter).sub(log_sum).exp().mul(factors);
                        if filter > 0.0 {
                            g = S::select(cosine.gt(S::splat(filter)), S::splat(0.0), g);
                        }
                        let known = cosine.max(S::splat(-2.0));
                        S::load_n(along.add(j), n).add(g.mul(known)).store_n(along.add(j), n);
                        g.mul(S::load_n(norms.add(j), n)).store_n(out.add(j), n);
                        j += S::LANES;
                    }
                    if here {
                        let g = *own_gradient.add(row);
                        *along.offset(label) += g * own;
                        // Restores the cosine for another pass. Without kept, the gradient below overwrites it.
                        *line.offset(label) = own;
                        *out.offset(label) = g * *norms.offset(label);
                    }
                }
                S::multiply(&Product {
                    trans_a: false,
                    trans_b: false,
                    m: b,
                    n: d,
                    k: count,
                    a: Left::Stored(gradients, count),
                    b: centers,
                    ldb: d,
                    c: de,
                    ldc: d,
                    accumulate: true,
                    ..Product::default()
                });
                let out = dw.add(j0 * d);
                S::multiply(&Product {
                    trans_a: true,
                    trans_b: false,
                    m: count,
                    n: d,
                    k: b,
                    a: Left::Stored(gradients, count),
                    b: e,
                    ldb: d,
                    c: out,
                    ldc: d,
                    accumulate: false,
                    ..Product::default()
                });
                for j in 0..count {
                    let norm = *norms.add(j);
                    let taken = S::splat(*along.add(j) * norm * norm);
                    let (center, out) = (centers.add(j * d), out.add(j * d));
                    let mut i = 0;
                    while i < d {
                        let n = d - i;
                        S::load_n(out.add(i), n).sub(S::load_n(center.add(i), n).mul(taken)).store_n(out.add(i), n);
                        i += S::LANES;
                    }
                }
                j0 += BLOCK;
            }
        },
    );
    add_parts(sums, b * d, parts, b * d, de);
    0.0
}
