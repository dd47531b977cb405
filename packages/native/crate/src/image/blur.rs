//! Gaussian blur in fixed point, to the bytes of `gaussianBlur` of @unitsphere/data.
use super::pixels::CHANNELS;
use std::ops::{Add, Mul};

/// Fraction bits of the weights. Sums along a row have as many and fit into 16 bits.
const BITS: u32 = 8;

/// Convolves with a symmetric kernel along both axes; edges are mirrored. `weights` are the center's and those of its neighbors, in
/// 1/256, of which the whole kernel has 256.
#[inline(always)]
pub fn blur(data: &mut [u8], width: usize, weights: &[u16]) {
    match weights.len() {
        2 => blur_radius::<1>(data, width, weights),
        3 => blur_radius::<2>(data, width, weights),
        4 => blur_radius::<3>(data, width, weights),
        _ => unreachable!("augment_binding.rs checks the number of weights"),
    }
}

#[inline(always)]
fn blur_radius<const RADIUS: usize>(data: &mut [u8], width: usize, weights: &[u16]) {
    let bytes = width * CHANNELS;
    let height = data.len() / bytes;
    let margin = RADIUS * CHANNELS;
    let mut line = vec![0u8; bytes + 2 * margin];
    let mut sums = vec![0u16; data.len()];
    for (row, sums) in data.chunks_exact(bytes).zip(sums.chunks_exact_mut(bytes)) {
        line[margin..margin + bytes].copy_from_slice(row);
        for i in 0..RADIUS {
            let left = reflect(i as isize - RADIUS as isize, width) * CHANNELS;
            let right = reflect((width + i) as isize, width) * CHANNELS;
            line[i * CHANNELS..][..CHANNELS].copy_from_slice(&row[left..left + CHANNELS]);
            line[margin + bytes + i * CHANNELS..][..CHANNELS].copy_from_slice(&row[right..right + CHANNELS]);
        }
        let center = &line[margin..][..bytes];
        let neighbors: [[&[u8]; 2]; RADIUS] = std::array::from_fn(|k| {
            let distance = (k + 1) * CHANNELS;
            [&line[margin - distance..][..bytes], &line[margin + distance..][..bytes]]
        });
        for start in (0..bytes).step_by(BLOCK) {
            let mut block = [0u16; BLOCK];
            add_weighted(&mut block, copy_block(center, start), [0; BLOCK], weights[0]);
            for (pair, &weight) in neighbors.iter().zip(&weights[1..]) {
                add_weighted(&mut block, copy_block(pair[0], start), copy_block(pair[1], start), weight);
            }
            let end = bytes.min(start + BLOCK);
            sums[start..end].copy_from_slice(&block[..end - start]);
        }
    }
    for (y, row) in data.chunks_exact_mut(bytes).enumerate() {
        let line_at = |offset: isize| &sums[reflect(y as isize + offset, height) * bytes..][..bytes];
        let center = line_at(0);
        let neighbors: [[&[u16]; 2]; RADIUS] = std::array::from_fn(|k| [line_at(-1 - k as isize), line_at(1 + k as isize)]);
        for start in (0..bytes).step_by(BLOCK) {
            let mut block = [1u32 << (2 * BITS - 1); BLOCK];
            add_weighted(&mut block, copy_block(center, start), [0; BLOCK], weights[0] as u32);
            for (pair, &weight) in neighbors.iter().zip(&weights[1..]) {
                add_weighted(&mut block, copy_block(pair[0], start), copy_block(pair[1], start), weight as u32);
            }
            let end = bytes.min(start + BLOCK);
            for (value, sum) in row[start..end].iter_mut().zip(block) {
                *value = (sum >> (2 * BITS)) as u8;
            }
        }
    }
}

/// Values that are computed at once, from copies: the compiler then need not prove that the rows do not overlap.
const BLOCK: usize = 64;

#[inline(always)]
fn copy_block<T: Copy + Default>(values: &[T], start: usize) -> [T; BLOCK] {
    match values.get(start..start + BLOCK) {
        Some(block) => block.try_into().expect("a whole block"),
        None => {
            let mut block = [T::default(); BLOCK];
            block[..values.len() - start].copy_from_slice(&values[start..]);
            block
        }
    }
}

/// Adds the sums of two values, weighted. No sum exceeds its type, because all weights add up to one.
#[inline(always)]
fn add_weighted<From: Copy, To>(sums: &mut [To; BLOCK], a: [From; BLOCK], b: [From; BLOCK], weight: To)
where
    To: Copy + std::convert::From<From> + Add<Output = To> + Mul<Output = To>,
{
    for i in 0..BLOCK {
        sums[i] = sums[i] + weight * (To::from(a[i]) + To::from(b[i]));
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
