//! Colors and noise of RGB images in place of loops in JavaScript, to the same bytes: the same operations, in the same order.
use super::pixels::{map_blocks, BLOCK, CHANNELS};

/// Rounds to the nearest integer, halves up, and clamps to 0 … 255.
#[inline(always)]
fn to_byte(value: f32) -> u8 {
    let raised = value + 0.5;
    // Comparisons that fail for NaN, so that every value can be converted.
    let low = if raised > 0.0 { raised } else { 0.0 };
    truncate(if low < 255.0 { low } else { 255.0 })
}

/// Converts a value in 0 … 256, exclusive.
#[inline(always)]
fn truncate(value: f32) -> u8 {
    debug_assert!((0.0..256.0).contains(&value));
    unsafe { value.to_int_unchecked::<i32>() as u8 }
}

/// Returns the sums of the channels of all pixels.
#[inline(always)]
pub fn sum_channels(data: &[u8]) -> [u64; CHANNELS] {
    // A multiple of the channels and of a vector's lanes.
    const LANES: usize = 16 * CHANNELS;
    let mut sums = [0; CHANNELS];
    // Few enough lines for 32 bits.
    for part in data.chunks(LANES << 16) {
        let mut lanes = [0u32; LANES];
        let mut lines = part.chunks_exact(LANES);
        for line in &mut lines {
            for (lane, &value) in lanes.iter_mut().zip(line) {
                *lane += value as u32;
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(lines.remainder()) {
            *lane += value as u32;
        }
        for (at, &lane) in lanes.iter().enumerate() {
            sums[at % CHANNELS] += lane as u64;
        }
    }
    sums
}

/// Maps every byte through a table.
#[inline(always)]
pub fn map_levels(data: &mut [u8], table: &[u8; 256], has_avx512: bool) {
    #[cfg(target_arch = "x86_64")]
    if has_avx512 && is_x86_feature_detected!("avx512vbmi") {
        return unsafe { map_levels_in_registers(data, table) };
    }
    let _ = has_avx512;
    for value in data {
        *value = table[*value as usize];
    }
}

/// Keeps the table in four vectors.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn map_levels_in_registers(data: &mut [u8], table: &[u8; 256]) {
    use std::arch::x86_64::*;
    let part = |i: usize| _mm512_loadu_si512(table.as_ptr().add(64 * i) as *const __m512i);
    let parts = [part(0), part(1), part(2), part(3)];
    for block in data.chunks_mut(64) {
        let mask = u64::MAX >> (64 - block.len());
        let levels = _mm512_maskz_loadu_epi8(mask, block.as_ptr() as *const i8);
        let low = _mm512_permutex2var_epi8(parts[0], levels, parts[1]);
        let high = _mm512_permutex2var_epi8(parts[2], levels, parts[3]);
        let mapped = _mm512_mask_blend_epi8(_mm512_movepi8_mask(levels), low, high);
        _mm512_mask_storeu_epi8(block.as_mut_ptr() as *mut i8, mask, mapped);
    }
}

/// Scales every pixel's distance from its own gray.
#[inline(always)]
pub fn adjust_saturation(data: &mut [u8], factor: f32) {
    let rest = 1.0 - factor;
    map_blocks(data, |planes| {
        let mut output = [[0; BLOCK]; CHANNELS];
        let mut gray = [0f32; BLOCK];
        for i in 0..BLOCK {
            let [r, g, b] = [planes[0][i] as f32, planes[1][i] as f32, planes[2][i] as f32];
            gray[i] = (0.299 * r + 0.587 * g + 0.114 * b) * rest;
        }
        for c in 0..CHANNELS {
            for i in 0..BLOCK {
                output[c][i] = to_byte(planes[c][i] as f32 * factor + gray[i]);
            }
        }
        output
    });
}

/// Rotates every pixel's hue (HSV) by sixths of a full turn, in 0 … 6.
#[inline(always)]
pub fn adjust_hue(data: &mut [u8], sixths: f32) {
    map_blocks(data, |planes| {
        let mut output = [[0; BLOCK]; CHANNELS];
        let mut hue = [0f32; BLOCK];
        let (mut chroma, mut low) = ([0f32; BLOCK], [0f32; BLOCK]);
        for i in 0..BLOCK {
            let [r, g, b] = [planes[0][i] as i32, planes[1][i] as i32, planes[2][i] as i32];
            let (max, min) = (r.max(g).max(b), r.min(g).min(b));
            // Masks, because the compiler makes no vectors of nested conditions.
            let is_r = -((max == r) as i32);
            let is_g = -((max == g) as i32) & !is_r;
            let is_b = !(is_r | is_g);
            let difference = (g - b) & is_r | (b - r) & is_g | (r - g) & is_b;
            let offset = 6 & is_r | 2 & is_g | 4 & is_b;
            low[i] = min as f32;
            chroma[i] = (max - min) as f32;
            // Without chroma, the hue has no effect.
            let divisor = (max - min).max(1) as f32;
            let turned = sixths + (difference as f32 / divisor + offset as f32);
            let turned = if turned >= 6.0 { turned - 6.0 } else { turned };
            hue[i] = if turned >= 6.0 { turned - 6.0 } else { turned };
        }
        for (c, shift) in [2.0, 0.0, 4.0].into_iter().enumerate() {
            for i in 0..BLOCK {
                output[c][i] = truncate(low[i] + chroma[i] * hue_ramp(hue[i] + shift) + 0.5);
            }
        }
        output
    });
}

/// `hueRamp` of @unitsphere/data, of a hue in 0 … 10.
#[inline(always)]
fn hue_ramp(hue: f32) -> f32 {
    let wrapped = if hue >= 6.0 { hue - 6.0 } else { hue };
    let falling = 4.0 - wrapped;
    let falling = if falling > 0.0 { falling } else { 0.0 };
    let rising = if wrapped < 1.0 { wrapped } else { 1.0 };
    if rising < falling {
        rising
    } else {
        falling
    }
}

/// Fraction bits of noise.
const NOISE_BITS: i32 = 6;

/// Adds normal noise to every byte: two draws of 12 bits of a table from each number of a stream.
/// @param state The state of `Random` (xoshiro128**), which is advanced.
#[inline(always)]
pub fn add_normal(data: &mut [u8], state: &mut [u32; 4], quantiles: &[f32; 4096], deviation: f64) {
    let mut table = [0i16; 4096];
    for (level, &quantile) in table.iter_mut().zip(quantiles) {
        // Casts clamp to 16 bits.
        *level = (quantile as f64 * deviation * (1 << NOISE_BITS) as f64 + 0.5).floor() as i16;
    }
    let mut noise = [0i16; 512];
    for block in data.chunks_mut(noise.len()) {
        for pair in noise[..block.len().next_multiple_of(2)].chunks_exact_mut(2) {
            let bits = next(state);
            pair[0] = table[(bits & 4095) as usize];
            pair[1] = table[(bits >> 20) as usize];
        }
        for (value, &amount) in block.iter_mut().zip(&noise) {
            // Sums beyond 16 bits are beyond a byte, too.
            let sum = (((*value as i16) << NOISE_BITS) + (1 << (NOISE_BITS - 1))).saturating_add(amount);
            *value = (sum >> NOISE_BITS).clamp(0, 255) as u8;
        }
    }
}

#[inline(always)]
fn next(state: &mut [u32; 4]) -> u32 {
    let [a, b, c, d] = *state;
    let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
    let (c, d) = (c ^ a, d ^ b);
    *state = [a ^ d, b ^ c, c ^ b << 9, d.rotate_left(11)];
    result
}
