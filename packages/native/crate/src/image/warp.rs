//! Resampling with two taps along each axis, to the bytes of `warpAligned` of @unitsphere/data.
use super::pixels::{pixel_at, CHANNELS};

/// Fraction bits of the weights along an axis.
const BITS: u32 = 11;
pub const ONE: i32 = 1 << BITS;

/// Where an axis reads: byte offsets of the two neighbors of each output pixel, and the weight of the second in 0 … 2048.
pub struct Axis<'a> {
    pub first: &'a [i32],
    pub second: &'a [i32],
    pub weight: &'a [i32],
}

/// Resamples with separable axes. The offsets of a column and a row add up to a pixel of `from`. The sums are exact, so their order
/// does not matter.
#[inline(always)]
pub fn warp(from: &[u8], to: &mut [u8], columns: &Axis, rows: &Axis) {
    let size = columns.first.len();
    let bytes = size * CHANNELS;
    // Two source rows, resampled along the width, and a value to ignore. Consecutive output rows share them.
    let mut lines = [vec![0u32; bytes + 1], vec![0u32; bytes + 1]];
    let mut held = [-1; 2];
    let last = columns.first.iter().chain(columns.second).copied().max().unwrap_or(0) as usize;
    for (row, target) in to.chunks_exact_mut(bytes).enumerate() {
        let wanted = [rows.first[row], rows.second[row]];
        if held[0] == wanted[1] || held[1] == wanted[0] {
            lines.swap(0, 1);
            held.swap(0, 1);
        }
        for i in 0..2 {
            if held[i] != wanted[i] {
                warp_line(&from[wanted[i] as usize..], columns, &mut lines[i], last);
                held[i] = wanted[i];
            }
        }
        let lower_weight = rows.weight[row] as u32;
        let upper_weight = ONE as u32 - lower_weight;
        let (upper, lower) = (&lines[0][..bytes], &lines[1][..bytes]);
        for i in 0..bytes {
            let sum = upper[i] * upper_weight + lower[i] * lower_weight;
            target[i] = ((sum + (1 << (2 * BITS - 1))) >> (2 * BITS)) as u8;
        }
    }
}

#[inline(always)]
fn warp_line(from: &[u8], columns: &Axis, line: &mut [u32], last: usize) {
    let size = columns.first.len();
    let (first, second, weight) = (columns.first, &columns.second[..size], &columns.weight[..size]);
    assert!(line.len() > size * CHANNELS);
    let to = line.as_mut_ptr();
    if last + 4 <= from.len() {
        let pixel_at = |at: i32| unsafe { (from.as_ptr().add(at as usize) as *const [u8; 4]).read_unaligned() };
        for i in 0..size {
            // The fourth value is overwritten by the next pixel.
            unsafe { interpolate(pixel_at(first[i]), pixel_at(second[i]), weight[i], to.add(i * CHANNELS)) };
        }
        return;
    }
    for i in 0..size {
        let [near, far] = [first[i], second[i]].map(|at| pixel_at(from, at as usize));
        unsafe { interpolate(near, far, weight[i], to.add(i * CHANNELS)) };
    }
}

/// Writes four weighted sums.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn interpolate(near: [u8; 4], far: [u8; 4], weight: i32, to: *mut u32) {
    use std::arch::x86_64::*;
    let vector = |pixel| _mm_cvtsi32_si128(i32::from_ne_bytes(pixel));
    let pairs = _mm_cvtepu8_epi16(_mm_unpacklo_epi8(vector(near), vector(far)));
    let sums = _mm_madd_epi16(pairs, _mm_set1_epi32((ONE - weight) | weight << 16));
    _mm_storeu_si128(to as *mut __m128i, sums);
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn interpolate(near: [u8; 4], far: [u8; 4], weight: i32, to: *mut u32) {
    let sums: [u32; 4] = std::array::from_fn(|c| near[c] as u32 * (ONE - weight) as u32 + far[c] as u32 * weight as u32);
    (to as *mut [u32; 4]).write_unaligned(sums);
}
