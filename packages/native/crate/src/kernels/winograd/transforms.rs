//! The transforms of F(4, 3) in one dimension, for the points 0, ±a, ±b and infinity. In two dimensions they apply to columns, then
//! to rows.
use crate::simd::Simd;

const A: f32 = 0.6875;
const B: f32 = 1.5;
const A2: f32 = A * A;
const B2: f32 = B * B;
/// Factors of the filter's transform, 1 / Π(p - q) over the other points q, of p = 0, ±a and ±b.
const SCALE_0: f32 = 1.0 / (A2 * B2);
const SCALE_A: f32 = 1.0 / (2.0 * A2 * (A2 - B2));
const SCALE_B: f32 = 1.0 / (2.0 * B2 * (B2 - A2));

/// Six pixels.
#[inline(always)]
pub unsafe fn input<S: Simd>(d: [S; 6]) -> [S; 6] {
    let (even_a, odd_a) = (d[2].fma(S::splat(-B2), d[4]), d[1].fma(S::splat(-B2), d[3]));
    let (even_b, odd_b) = (d[2].fma(S::splat(-A2), d[4]), d[1].fma(S::splat(-A2), d[3]));
    let (sum, product) = (S::splat(-(A2 + B2)), S::splat(A2 * B2));
    [
        d[0].fma(product, d[2].fma(sum, d[4])),
        odd_a.fma(S::splat(A), even_a),
        odd_a.fma(S::splat(-A), even_a),
        odd_b.fma(S::splat(B), even_b),
        odd_b.fma(S::splat(-B), even_b),
        d[1].fma(product, d[3].fma(sum, d[5])),
    ]
}

/// Three taps of a filter.
#[inline(always)]
pub unsafe fn filter<S: Simd>(g: [S; 3]) -> [S; 6] {
    let (a, b) = (S::splat(SCALE_A), S::splat(SCALE_B));
    let even_a = g[2].fma(S::splat(A2), g[0]).mul(a);
    let even_b = g[2].fma(S::splat(B2), g[0]).mul(b);
    let (odd_a, odd_b) = (S::splat(A * SCALE_A), S::splat(B * SCALE_B));
    [
        g[0].mul(S::splat(SCALE_0)),
        g[1].fma(odd_a, even_a),
        even_a.sub(g[1].mul(odd_a)),
        g[1].fma(odd_b, even_b),
        even_b.sub(g[1].mul(odd_b)),
        g[2],
    ]
}

/// Back to four outputs.
#[inline(always)]
pub unsafe fn output<S: Simd>(m: [S; 6]) -> [S; 4] {
    let (sum_a, difference_a) = (m[1].add(m[2]), m[1].sub(m[2]));
    let (sum_b, difference_b) = (m[3].add(m[4]), m[3].sub(m[4]));
    [
        m[0].add(sum_a).add(sum_b),
        difference_b.fma(S::splat(B), difference_a.mul(S::splat(A))),
        sum_b.fma(S::splat(B2), sum_a.mul(S::splat(A2))),
        difference_b.fma(S::splat(B * B2), difference_a.fma(S::splat(A * A2), m[5])),
    ]
}

/// Four values of the output's gradient: the transpose of `output`.
#[inline(always)]
pub unsafe fn output_gradient<S: Simd>(y: [S; 4]) -> [S; 6] {
    let even_a = y[2].fma(S::splat(A2), y[0]);
    let even_b = y[2].fma(S::splat(B2), y[0]);
    let (odd_a, odd_b) = (y[3].fma(S::splat(A2), y[1]), y[3].fma(S::splat(B2), y[1]));
    [
        y[0],
        odd_a.fma(S::splat(A), even_a),
        odd_a.fma(S::splat(-A), even_a),
        odd_b.fma(S::splat(B), even_b),
        odd_b.fma(S::splat(-B), even_b),
        y[3],
    ]
}

/// Back to three taps of the filter's gradient: the transpose of `filter`.
#[inline(always)]
pub unsafe fn filter_gradient<S: Simd>(m: [S; 6]) -> [S; 3] {
    let (sum_a, sum_b) = (m[1].add(m[2]).mul(S::splat(SCALE_A)), m[3].add(m[4]).mul(S::splat(SCALE_B)));
    let (difference_a, difference_b) = (m[1].sub(m[2]), m[3].sub(m[4]));
    [
        m[0].fma(S::splat(SCALE_0), sum_a.add(sum_b)),
        difference_b.fma(S::splat(B * SCALE_B), difference_a.mul(S::splat(A * SCALE_A))),
        sum_b.fma(S::splat(B2), sum_a.fma(S::splat(A2), m[5])),
    ]
}
