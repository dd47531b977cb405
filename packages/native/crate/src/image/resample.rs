//! Resizing with any number of taps in fixed point, to the bytes of `resample` of @unitsphere/images (Pillow's).
use super::pixels::{pixel_at, CHANNELS};

const BITS: u32 = 22;
const HALF: i32 = 1 << (BITS - 1);

/// How an axis is filtered: for each output pixel the first source pixel, the number of source pixels, and `most` weights.
pub struct Axis<'a> {
    pub starts: &'a [i32],
    pub counts: &'a [i32],
    pub weights: &'a [i32],
}

impl Axis<'_> {
    /// Returns whether all source pixels lie in 0 … `length`.
    pub fn fits(&self, length: usize) -> bool {
        let count = self.starts.len();
        if count == 0 || self.counts.len() != count || self.weights.len() % count != 0 {
            return false;
        }
        let most = self.most();
        self.starts.iter().zip(self.counts).all(|(&start, &taps)| {
            start >= 0 && taps >= 0 && taps as usize <= most && start as usize + taps as usize <= length
        })
    }

    fn most(&self) -> usize {
        self.weights.len() / self.starts.len()
    }

    /// The first source pixel and the weights of every output pixel.
    #[inline(always)]
    fn each(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let weights = self.weights.chunks_exact(self.most());
        let taps = self.starts.iter().zip(self.counts).zip(weights);
        taps.map(|((&start, &count), weights)| (start as usize, &weights[..count as usize]))
    }
}

/// Filters the rows along the width, then the columns along the height; each pass rounds to bytes.
#[inline(always)]
pub fn resample(from: &[u8], width: usize, to: &mut [u8], columns: &Axis, rows: &Axis) {
    let ends = rows.starts.iter().zip(rows.counts).map(|(&start, &taps)| (start + taps) as usize);
    let first = rows.starts.iter().copied().min().unwrap_or(0) as usize;
    let last = ends.max().unwrap_or(0);
    let bytes = columns.starts.len() * CHANNELS;
    let mut middle = vec![0u8; (last - first) * bytes];
    for (y, line) in middle.chunks_exact_mut(bytes).enumerate() {
        filter_row(&from[(first + y) * width * CHANNELS..][..width * CHANNELS], line, columns);
    }
    let mut sums = vec![0i32; bytes];
    for (target, (start, weights)) in to.chunks_exact_mut(bytes).zip(rows.each()) {
        sums.fill(HALF);
        for (k, &weight) in weights.iter().enumerate().filter(|(_, &weight)| weight != 0) {
            let line = &middle[(start + k - first) * bytes..][..bytes];
            for (sum, &value) in sums.iter_mut().zip(line) {
                *sum = sum.wrapping_add((value as i32).wrapping_mul(weight));
            }
        }
        for (value, &sum) in target.iter_mut().zip(&sums) {
            *value = (sum >> BITS).clamp(0, 255) as u8;
        }
    }
}

#[inline(always)]
fn filter_row(from: &[u8], to: &mut [u8], columns: &Axis) {
    for (pixel, (start, weights)) in to.chunks_exact_mut(CHANNELS).zip(columns.each()) {
        pixel.copy_from_slice(&weigh_pixels(&from[start * CHANNELS..], weights)[..CHANNELS]);
    }
}

/// Returns the weighted sums of the channels of neighboring pixels, rounded, and a value to ignore.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn weigh_pixels(from: &[u8], weights: &[i32]) -> [u8; 4] {
    use std::arch::x86_64::*;
    unsafe {
        let mut sums = _mm_set1_epi32(HALF);
        for (k, &weight) in weights.iter().enumerate() {
            let pixel = i32::from_ne_bytes(pixel_at(from, k * CHANNELS));
            let values = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(pixel));
            sums = _mm_add_epi32(sums, _mm_mullo_epi32(values, _mm_set1_epi32(weight)));
        }
        let words = _mm_packs_epi32(_mm_srai_epi32(sums, BITS as i32), sums);
        _mm_cvtsi128_si32(_mm_packus_epi16(words, words)).to_ne_bytes()
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn weigh_pixels(from: &[u8], weights: &[i32]) -> [u8; 4] {
    let mut sums = [HALF; 4];
    for (k, &weight) in weights.iter().enumerate() {
        for (sum, value) in sums.iter_mut().zip(pixel_at(from, k * CHANNELS)) {
            *sum = sum.wrapping_add((value as i32).wrapping_mul(weight));
        }
    }
    sums.map(|sum| (sum >> BITS).clamp(0, 255) as u8)
}
