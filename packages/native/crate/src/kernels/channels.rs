//! Sums, broadcasts and products over the pixels of an image or the rows of a matrix, channels last; and rows by index.
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::{each_range, each_row_vector, sum_in_parts};

/// Rows whose sums are added up before those of other rows.
const BLOCK: usize = 256;

/// sums[c] = factor · the sum of the m rows of x. Partial sums of blocks limit the rounding error of many rows.
#[inline(always)]
unsafe fn sum_rows<S: Simd>(x: *const f32, m: usize, c: usize, sums: *mut f32, factor: f32) {
    let mut ch = 0;
    while ch < c {
        let n = c - ch;
        let mut total = S::splat(0.0);
        let mut row = 0;
        while row < m {
            let end = m.min(row + BLOCK);
            let mut parts = [S::splat(0.0); 4];
            let mut r = row;
            while r + 4 <= end {
                for i in 0..4 {
                    parts[i] = parts[i].add(S::load_n(x.add((r + i) * c + ch), n));
                }
                r += 4;
            }
            while r < end {
                parts[0] = parts[0].add(S::load_n(x.add(r * c + ch), n));
                r += 1;
            }
            total = total.add(parts[0].add(parts[1]).add(parts[2].add(parts[3])));
            row = end;
        }
        total.mul(S::splat(factor)).store_n(sums.add(ch), n);
        ch += S::LANES;
    }
}

#[inline(always)]
pub unsafe fn column_sums<S: Simd>(args: &mut Args) -> f64 {
    let (x, m, c, sums, factor) = (args.floats(), args.size(), args.size(), args.floats(), args.float());
    let mut scratch = sum_in_parts::<S, f32, _>(
        m,
        BLOCK,
        m * c,
        c,
        #[inline(always)]
        |first, end, partial| sum_rows::<S>(x.add(first * c), end - first, c, partial, factor),
    );
    std::ptr::copy_nonoverlapping(scratch.at(), sums, c);
    0.0
}

/// y[n,c] = the mean of x[n,pixels,c] over the pixels.
#[inline(always)]
pub unsafe fn global_average_pool<S: Simd>(args: &mut Args) -> f64 {
    let (x, n, pixels, c, y) = (args.floats(), args.size(), args.size(), args.size(), args.floats());
    each_range::<S, _>(
        n,
        1,
        pixels * c,
        #[inline(always)]
        |first, end| {
            for image in first..end {
                sum_rows::<S>(x.add(image * pixels * c), pixels, c, y.add(image * c), 1.0 / pixels as f32);
            }
        },
    );
    0.0
}

/// dx[n,pixels,c] = dy[n,c] / pixels at every pixel.
#[inline(always)]
pub unsafe fn global_average_pool_grad<S: Simd>(args: &mut Args) -> f64 {
    let (dy, n, pixels, c, dx) = (args.floats(), args.size(), args.size(), args.size(), args.floats());
    let factor = S::splat(1.0 / pixels as f32);
    each_range::<S, _>(
        n,
        1,
        pixels * c,
        #[inline(always)]
        |first, end| {
            for image in first..end {
                let mut ch = 0;
                while ch < c {
                    let count = c - ch;
                    let value = S::load_n(dy.add(image * c + ch), count).mul(factor);
                    for pixel in 0..pixels {
                        value.store_n(dx.add((image * pixels + pixel) * c + ch), count);
                    }
                    ch += S::LANES;
                }
            }
        },
    );
    0.0
}

/// y = x[n,pixels,c] · gate[n,c].
#[inline(always)]
pub unsafe fn scale_channels<S: Simd>(args: &mut Args) -> f64 {
    let (x, gate, n, pixels, c, y) = (args.floats(), args.floats(), args.size(), args.size(), args.size(), args.floats());
    each_range::<S, _>(
        n,
        1,
        2 * pixels * c,
        #[inline(always)]
        |first, end| {
            for image in first..end {
                for pixel in 0..pixels {
                    let mut ch = 0;
                    while ch < c {
                        let (at, count) = ((image * pixels + pixel) * c + ch, c - ch);
                        S::load_n(x.add(at), count)
                            .mul(S::load_n(gate.add(image * c + ch), count))
                            .store_n(y.add(at), count);
                        ch += S::LANES;
                    }
                }
            }
        },
    );
    0.0
}

/// dgate[n,c] = the sum of dy·x over the pixels.
#[inline(always)]
pub unsafe fn scale_channels_grad_gate<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy, n, pixels, c, dgate) = (args.floats(), args.floats(), args.size(), args.size(), args.size(), args.floats());
    each_range::<S, _>(
        n,
        1,
        2 * pixels * c,
        #[inline(always)]
        |first, end| {
            for image in first..end {
                let mut ch = 0;
                while ch < c {
                    let count = c - ch;
                    let mut sums = S::splat(0.0);
                    for pixel in 0..pixels {
                        let at = (image * pixels + pixel) * c + ch;
                        sums = S::load_n(x.add(at), count).fma(S::load_n(dy.add(at), count), sums);
                    }
                    sums.store_n(dgate.add(image * c + ch), count);
                    ch += S::LANES;
                }
            }
        },
    );
    0.0
}

/// y = x[m,c] + bias[c].
#[inline(always)]
pub unsafe fn add_bias<S: Simd>(args: &mut Args) -> f64 {
    let (x, m, c, bias, y) = (args.floats(), args.size(), args.size(), args.floats(), args.floats());
    each_row_vector::<S, _>(
        m,
        c,
        2,
        #[inline(always)]
        |at, ch, n| S::load_n(x.add(at), n).add(S::load_n(bias.add(ch), n)).store_n(y.add(at), n),
    );
    0.0
}

/// out[ids[r]] += x[r]; out must be initialized. Rows with ids outside [0, segments) are skipped.
#[inline(always)]
pub unsafe fn scatter_add_rows<S: Simd>(args: &mut Args) -> f64 {
    let (x, ids, m, d, segments, out) = (args.floats(), args.ints(), args.size(), args.size(), args.size(), args.floats());
    for row in 0..m {
        let id = *ids.add(row);
        if id < 0 || id as usize >= segments {
            continue;
        }
        let (from, to) = (x.add(row * d), out.add(id as usize * d));
        let mut i = 0;
        while i < d {
            S::load_n(to.add(i), d - i).add(S::load_n(from.add(i), d - i)).store_n(to.add(i), d - i);
            i += S::LANES;
        }
    }
    0.0
}

/// out[r] = x[ids[r]]; ids must be valid rows of x.
#[inline(always)]
pub unsafe fn gather_rows<S: Simd>(args: &mut Args) -> f64 {
    let (x, ids, m, d, out) = (args.floats(), args.ints(), args.size(), args.size(), args.floats());
    each_range::<S, _>(
        m,
        1,
        2 * d,
        #[inline(always)]
        |first, end| {
            for row in first..end {
                std::ptr::copy_nonoverlapping(x.add(*ids.add(row) as usize * d), out.add(row * d), d);
            }
        },
    );
    0.0
}
