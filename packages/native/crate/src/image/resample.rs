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
    // A byte to ignore lies behind the last pixel.
    let mut middle = vec![0u8; (last - first) * bytes + 1];
    let source = |y: usize| &from[(first + y) * width * CHANNELS..][..width * CHANNELS];
    let pairs = TapPairs::new(columns);
    // Whole vectors are read behind the last pixel.
    let mut line = vec![0u8; width * CHANNELS + 16];
    for y in 0..last - first {
        match &pairs {
            Some(pairs) => {
                line[..width * CHANNELS].copy_from_slice(source(y));
                pairs.filter_row(&line, &mut middle[y * bytes..]);
            }
            None => filter_row(source(y), &mut middle[y * bytes..][..bytes], columns),
        }
    }
    let middle_row = |y: usize| &middle[(y - first) * bytes..][..bytes];
    let mut sums = vec![0i32; bytes];
    for (target, (start, weights)) in to.chunks_exact_mut(bytes).zip(rows.each()) {
        if let &[one, two] = weights {
            let (upper, lower) = (middle_row(start), middle_row(start + 1));
            for i in 0..bytes {
                let sum = HALF + upper[i] as i32 * one + lower[i] as i32 * two;
                target[i] = (sum >> BITS).clamp(0, 255) as u8;
            }
            continue;
        }
        sums.fill(HALF);
        for (k, &weight) in weights.iter().enumerate().filter(|(_, &weight)| weight != 0) {
            for (sum, &value) in sums.iter_mut().zip(middle_row(start + k)) {
                *sum = sum.wrapping_add((value as i32).wrapping_mul(weight));
            }
        }
        for (value, &sum) in target.iter_mut().zip(&sums) {
            *value = (sum >> BITS).clamp(0, 255) as u8;
        }
    }
}

/// Columns with at most two taps, as for enlarging: pairs of output pixels, whose weights are divided into their upper and lower 11
/// bits, so that products of 16 bits compute the exact sums.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
struct TapPairs {
    /// Bytes before the first source pixel of each output pixel.
    starts: Vec<usize>,
    /// The upper and the lower bits of the weights of each pair, four times for each pixel.
    weights: Vec<[[i16; 16]; 2]>,
}

const LOW_BITS: u32 = BITS / 2;

impl TapPairs {
    /// Returns `None` for other columns, and for processors without the vectors.
    fn new(columns: &Axis) -> Option<Self> {
        let has_pairs = columns.each().all(|(_, weights)| weights.len() <= 2 && weights.iter().all(|&weight| weight >= 0));
        if !cfg!(target_arch = "x86_64") || !has_pairs {
            return None;
        }
        let taps: Vec<[i32; 2]> =
            columns.each().map(|(_, weights)| std::array::from_fn(|k| weights.get(k).copied().unwrap_or(0))).collect();
        let weights = taps.chunks(2).map(|pair| {
            // The last pair of an odd number repeats its only pixel.
            let weight_at = |lane: usize| pair[lane / 8 % pair.len()][lane % 2];
            [
                std::array::from_fn(|lane| (weight_at(lane) >> LOW_BITS) as i16),
                std::array::from_fn(|lane| (weight_at(lane) & ((1 << LOW_BITS) - 1)) as i16),
            ]
        });
        let starts = columns.starts.iter().map(|&start| start as usize * CHANNELS);
        Some(Self { weights: weights.collect(), starts: starts.collect() })
    }

    /// @param line A row with 16 more bytes.
    /// @param to The row, and one byte more.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn filter_row(&self, line: &[u8], to: &mut [u8]) {
        use std::arch::x86_64::*;
        assert!(self.starts.iter().all(|start| start + 16 <= line.len()) && to.len() > self.starts.len() * CHANNELS);
        let to = to.as_mut_ptr();
        // The channels of both pixels as neighbors of 16 bits.
        unsafe {
            let mask = _mm_set_epi8(-1, -1, -1, -1, -1, 5, -1, 2, -1, 4, -1, 1, -1, 3, -1, 0);
            let mask = _mm256_broadcastsi128_si256(mask);
            let load = |at: usize| _mm_loadu_si128(line.as_ptr().add(at) as *const __m128i);
            for (pair, (starts, weights)) in self.starts.chunks(2).zip(&self.weights).enumerate() {
                let (one, two) = (load(starts[0]), load(starts[starts.len() - 1]));
                let pixels = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(one), two, 1), mask);
                let product =
                    |half: usize| _mm256_madd_epi16(pixels, _mm256_loadu_si256(weights[half].as_ptr() as *const __m256i));
                let high = _mm256_slli_epi32(product(0), LOW_BITS as i32);
                let sums = _mm256_add_epi32(_mm256_add_epi32(high, product(1)), _mm256_set1_epi32(HALF));
                let words = _mm256_packs_epi32(_mm256_srai_epi32(sums, BITS as i32), sums);
                let bytes = _mm256_packus_epi16(words, words);
                // The fourth byte is overwritten by the next pixel.
                let at = to.add(2 * pair * CHANNELS);
                (at as *mut i32).write_unaligned(_mm_cvtsi128_si32(_mm256_castsi256_si128(bytes)));
                if starts.len() == 2 {
                    let second = _mm_cvtsi128_si32(_mm256_extracti128_si256(bytes, 1));
                    (at.add(CHANNELS) as *mut i32).write_unaligned(second);
                }
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn filter_row(&self, _line: &[u8], _to: &mut [u8]) {
        unreachable!()
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
