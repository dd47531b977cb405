//! Augmentation of RGB images in place of loops in JavaScript, to the same bytes: the same operations on doubles, in the same order.

const CHANNELS: usize = 3;
/// Pixels that are computed at once.
const BLOCK: usize = 16;

/// Rounds to the nearest integer, halves up, and clamps to 0 … 255.
#[inline(always)]
fn to_byte(value: f64) -> u8 {
    truncate((value + 0.5).clamp(0.0, 255.0))
}

/// Converts a value in 0 … 256, exclusive.
#[inline(always)]
fn truncate(value: f64) -> u8 {
    debug_assert!((0.0..256.0).contains(&value));
    unsafe { value.to_int_unchecked::<i32>() as u8 }
}

#[inline(always)]
fn luminance(r: f64, g: f64, b: f64) -> f64 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// Replaces blocks of pixels, given as planes. Lanes beyond the image's end are black.
#[inline(always)]
fn map_blocks(data: &mut [u8], map: impl Fn(&mut [[f64; BLOCK]; CHANNELS]) -> [[u8; BLOCK]; CHANNELS]) {
    for block in data.chunks_mut(BLOCK * CHANNELS) {
        let mut planes = [[0f64; BLOCK]; CHANNELS];
        for (i, pixel) in block.chunks_exact(CHANNELS).enumerate() {
            for c in 0..CHANNELS {
                planes[c][i] = pixel[c] as f64;
            }
        }
        let mapped = map(&mut planes);
        for (i, pixel) in block.chunks_exact_mut(CHANNELS).enumerate() {
            for c in 0..CHANNELS {
                pixel[c] = mapped[c][i];
            }
        }
    }
}

/// Returns the sum of the luminances of all pixels, added in their order.
#[inline(always)]
pub fn sum_luminance(data: &[u8]) -> f64 {
    data.chunks_exact(CHANNELS).fold(0.0, |sum, p| sum + luminance(p[0] as f64, p[1] as f64, p[2] as f64))
}

/// Maps every byte through a table.
#[inline(always)]
pub fn map_levels(data: &mut [u8], table: &[u8; 256]) {
    for value in data {
        *value = table[*value as usize];
    }
}

/// Scales every pixel's distance from its own gray.
#[inline(always)]
pub fn adjust_saturation(data: &mut [u8], factor: f64) {
    map_blocks(data, |planes| {
        let mut output = [[0; BLOCK]; CHANNELS];
        let mut gray = [0f64; BLOCK];
        for i in 0..BLOCK {
            gray[i] = luminance(planes[0][i], planes[1][i], planes[2][i]) * (1.0 - factor);
        }
        for c in 0..CHANNELS {
            for i in 0..BLOCK {
                output[c][i] = to_byte(planes[c][i] * factor + gray[i]);
            }
        }
        output
    });
}

/// Rotates every pixel's hue (HSV) by sixths of a full turn, in 0 … 6.
#[inline(always)]
pub fn adjust_hue(data: &mut [u8], sixths: f64) {
    map_blocks(data, |planes| {
        let mut output = [[0; BLOCK]; CHANNELS];
        let [r, g, b] = planes;
        let (mut hue, mut chroma, mut low) = ([0f64; BLOCK], [0f64; BLOCK], [0f64; BLOCK]);
        for i in 0..BLOCK {
            let max = r[i].max(g[i]).max(b[i]);
            low[i] = r[i].min(g[i]).min(b[i]);
            chroma[i] = max - low[i];
            let is_r = max == r[i];
            let is_g = max == g[i];
            let (difference, offset) = if is_r {
                (g[i] - b[i], 6.0)
            } else if is_g {
                (b[i] - r[i], 2.0)
            } else {
                (r[i] - g[i], 4.0)
            };
            // Without chroma, the hue has no effect.
            let divisor = if chroma[i] == 0.0 { 1.0 } else { chroma[i] };
            let turned = sixths + (difference / divisor + offset);
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
fn hue_ramp(hue: f64) -> f64 {
    let wrapped = if hue >= 6.0 { hue - 6.0 } else { hue };
    wrapped.min(1.0).min((4.0 - wrapped).max(0.0))
}

/// Convolves with a symmetric kernel along both axes; edges are mirrored. `weights` are the center's and those of its neighbors.
#[inline(always)]
pub fn blur(data: &mut [u8], width: usize, weights: &[f32]) {
    match weights.len() {
        2 => blur_radius::<1>(data, width, weights),
        3 => blur_radius::<2>(data, width, weights),
        4 => blur_radius::<3>(data, width, weights),
        _ => unreachable!("binding.rs checks the number of weights"),
    }
}

#[inline(always)]
fn blur_radius<const RADIUS: usize>(data: &mut [u8], width: usize, weights: &[f32]) {
    let bytes = width * CHANNELS;
    let height = data.len() / bytes;
    let margin = RADIUS * CHANNELS;
    let mut line = vec![0f32; bytes + 2 * margin];
    let mut columns = vec![0f32; data.len()];
    for (row, sums) in data.chunks_exact(bytes).zip(columns.chunks_exact_mut(bytes)) {
        for (value, &byte) in line[margin..].iter_mut().zip(row) {
            *value = byte as f32;
        }
        for i in 0..RADIUS {
            let left = reflect(i as isize - RADIUS as isize, width) * CHANNELS;
            let right = reflect((width + i) as isize, width) * CHANNELS;
            for c in 0..CHANNELS {
                line[i * CHANNELS + c] = row[left + c] as f32;
                line[margin + bytes + i * CHANNELS + c] = row[right + c] as f32;
            }
        }
        let neighbors = std::array::from_fn(|k| {
            let distance = (k + 1) * CHANNELS;
            [&line[margin - distance..][..bytes], &line[margin + distance..][..bytes]]
        });
        // The loops in JavaScript store these sums as floats, too.
        convolve::<RADIUS>(&line[margin..][..bytes], neighbors, weights, |i, sum| sums[i] = sum as f32);
    }
    for (y, row) in data.chunks_exact_mut(bytes).enumerate() {
        let line_at = |offset: isize| &columns[reflect(y as isize + offset, height) * bytes..][..bytes];
        let neighbors = std::array::from_fn(|k| [line_at(-1 - k as isize), line_at(1 + k as isize)]);
        convolve::<RADIUS>(line_at(0), neighbors, weights, |i, sum| row[i] = truncate(sum + 0.5));
    }
}

#[inline(always)]
fn convolve<const RADIUS: usize>(
    center: &[f32],
    neighbors: [[&[f32]; 2]; RADIUS],
    weights: &[f32],
    mut store: impl FnMut(usize, f64),
) {
    for i in 0..center.len() {
        let mut sum = weights[0] as f64 * center[i] as f64;
        for (pair, &weight) in neighbors.iter().zip(&weights[1..]) {
            sum += weight as f64 * (pair[0][i] as f64 + pair[1][i] as f64);
        }
        store(i, sum);
    }
}

/// Mirrors an index about the first and last pixel without repeating them.
fn reflect(i: isize, count: usize) -> usize {
    if count == 1 {
        return 0;
    }
    let period = 2 * count as isize - 2;
    let within = i.rem_euclid(period);
    within.min(period - within) as usize
}

/// Adds normal noise to every byte: two draws of 12 bits of a table from each number of a stream.
/// @param state The state of `Random` (xoshiro128**), which is advanced.
#[inline(always)]
pub fn add_normal(data: &mut [u8], state: &mut [u32; 4], quantiles: &[f32], deviation: f64) {
    let scaled: Vec<f32> = quantiles.iter().map(|&quantile| (quantile as f64 * deviation) as f32).collect();
    let table: &[f32; 4096] = scaled.as_slice().try_into().expect("binding.rs checks the length");
    let mut noise = [0f32; 512];
    for block in data.chunks_mut(noise.len()) {
        for pair in noise[..block.len()].chunks_mut(2) {
            let bits = next(state);
            pair[0] = table[(bits & 4095) as usize];
            if let Some(second) = pair.get_mut(1) {
                *second = table[(bits >> 20) as usize];
            }
        }
        for (value, &amount) in block.iter_mut().zip(&noise) {
            *value = to_byte(*value as f64 + amount as f64);
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

/// Fraction bits of the weights along an axis.
const BITS: u32 = 11;
const ONE: u32 = 1 << BITS;

/// Where an axis reads: byte offsets of the two neighbors of each output pixel, and the weight of the second in 0 … 2048.
pub struct Axis<'a> {
    pub first: &'a [i32],
    pub second: &'a [i32],
    pub weight: &'a [i32],
}

/// Resamples with separable axes, as `warpAligned` of @unitsphere/data. The offsets of a column and a row add up to a pixel of
/// `from`. The sums are exact, so their order does not matter.
#[inline(always)]
pub fn warp(from: &[u8], to: &mut [u8], columns: &Axis, rows: &Axis) {
    let size = columns.first.len();
    // Two source rows, resampled along the width. Consecutive output rows share them.
    let mut lines = [vec![[0u32; 4]; size], vec![[0u32; 4]; size]];
    let mut held = [-1; 2];
    for (row, target) in to.chunks_exact_mut(size * CHANNELS).enumerate() {
        let wanted = [rows.first[row], rows.second[row]];
        if held[0] == wanted[1] || held[1] == wanted[0] {
            lines.swap(0, 1);
            held.swap(0, 1);
        }
        for i in 0..2 {
            if held[i] != wanted[i] {
                warp_line(&from[wanted[i] as usize..], columns, &mut lines[i]);
                held[i] = wanted[i];
            }
        }
        let weight = rows.weight[row] as u32;
        for ((pixel, upper), lower) in target.chunks_exact_mut(CHANNELS).zip(&lines[0]).zip(&lines[1]) {
            let mut values = [0u8; 4];
            for c in 0..4 {
                let sum = upper[c] * (ONE - weight) + lower[c] * weight;
                values[c] = ((sum + (1 << (2 * BITS - 1))) >> (2 * BITS)) as u8;
            }
            pixel.copy_from_slice(&values[..CHANNELS]);
        }
    }
}

#[inline(always)]
fn warp_line(from: &[u8], columns: &Axis, line: &mut [[u32; 4]]) {
    for (i, sums) in line.iter_mut().enumerate() {
        let near = pixel_at(from, columns.first[i] as usize);
        let far = pixel_at(from, columns.second[i] as usize);
        let weight = columns.weight[i] as u32;
        for c in 0..4 {
            sums[c] = near[c] as u32 * (ONE - weight) + far[c] as u32 * weight;
        }
    }
}

/// Returns the three values of a pixel and one to ignore.
#[inline(always)]
fn pixel_at(from: &[u8], at: usize) -> [u8; 4] {
    match from.get(at..at + 4) {
        Some(four) => [four[0], four[1], four[2], four[3]],
        None => [from[at], from[at + 1], from[at + 2], 0],
    }
}
