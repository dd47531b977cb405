//! Copies of blocks of a product's operands in the order in which the register tiles read them.
use crate::simd::Simd;

/// Transposes `count` rows of `depth` floats: out[p·step + i] = from[i·row + p]. Places from count to step become 0.
#[inline(always)]
pub unsafe fn transpose<S: Simd>(from: *const f32, row: usize, count: usize, depth: usize, out: *mut f32, step: usize) {
    if count < step {
        std::ptr::write_bytes(out, 0, depth * step);
    }
    let mut i = 0;
    while i + 4 <= count {
        let from = from.add(i * row);
        let mut p = 0;
        while p + 4 <= depth {
            S::transpose4(from.add(p), row, out.add(p * step + i), step);
            p += 4;
        }
        while p < depth {
            for q in 0..4 {
                *out.add(p * step + i + q) = *from.add(q * row + p);
            }
            p += 1;
        }
        i += 4;
    }
    while i < count {
        for p in 0..depth {
            *out.add(p * step + i) = *from.add(i * row + p);
        }
        i += 1;
    }
}

/// Copies `rows` rows of `count` floats to rows of `width` floats, padded with zeros. width is two vectors.
#[inline(always)]
pub unsafe fn copy_rows<S: Simd>(from: *const f32, row: usize, count: usize, rows: usize, out: *mut f32) {
    for r in 0..rows {
        let (from, to) = (from.add(r * row), out.add(r * 2 * S::LANES));
        S::load_n(from, count).store(to);
        let rest = count.saturating_sub(S::LANES);
        S::load_n(from.add(if rest > 0 { S::LANES } else { 0 }), rest).store(to.add(S::LANES));
    }
}

/// Joins pairs of rows: out[q·step + i] holds from[2q·row + i] and from[(2q+1)·row + i] as bfloat16. The row after an odd last
/// one counts as zeros. Places from count to the vector's end are written, too, as zeros.
#[inline(always)]
pub unsafe fn pair_rows<S: Simd>(from: *const f32, row: usize, count: usize, rows: usize, out: *mut f32, step: usize) {
    for q in 0..rows.div_ceil(2) {
        let even = from.add(2 * q * row);
        let mut i = 0;
        while i < step {
            let n = count.saturating_sub(i);
            let at = if n > 0 { i } else { 0 };
            let low = S::load_n(even.add(at), n);
            let high = if 2 * q + 1 < rows { S::load_n(even.add(row + at), n) } else { S::splat(0.0) };
            S::join_bfloat16(low, high).store_n(out.add(q * step + i), step - i);
            i += S::LANES;
        }
    }
}

/// Joins pairs within rows: out[r·step + q] holds from[r·row + 2q] and from[r·row + 2q + 1] as bfloat16.
#[inline(always)]
pub unsafe fn pair_columns<S: Simd>(from: *const f32, row: usize, depth: usize, rows: usize, out: *mut f32, step: usize) {
    let pairs = depth.div_ceil(2);
    for r in 0..rows {
        let from = from.add(r * row);
        let mut q = 0;
        while q < pairs {
            let n = depth - 2 * q;
            let rest = n.saturating_sub(S::LANES);
            let first = S::load_n(from.add(2 * q), n);
            let second = S::load_n(from.add(2 * q + if rest > 0 { S::LANES } else { 0 }), rest);
            S::narrow_bfloat16(first, second).store_n(out.add(r * step + q), pairs - q);
            q += S::LANES;
        }
    }
}
