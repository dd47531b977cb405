//! Pixels by channel. RGB is interleaved in memory; vectors want planes.

pub const CHANNELS: usize = 3;
/// Pixels that are computed at once: enough for loops that the compiler turns into vectors.
pub const BLOCK: usize = 64;
/// The channels of a block.
pub type Planes = [[u8; BLOCK]; CHANNELS];
const BYTES: usize = BLOCK * CHANNELS;
/// Bytes of a vector.
#[cfg(target_arch = "x86_64")]
const LANES: usize = 16;

/// Replaces blocks of pixels, given as planes. Lanes beyond the image's end are black.
#[inline(always)]
pub fn map_blocks(data: &mut [u8], map: impl Fn(&Planes) -> Planes) {
    let mut blocks = data.chunks_exact_mut(BYTES);
    for block in &mut blocks {
        let block: &mut [u8; BYTES] = block.try_into().expect("a whole block");
        *block = join(&map(&split(block)));
    }
    let rest = blocks.into_remainder();
    let mut block = [0; BYTES];
    block[..rest.len()].copy_from_slice(rest);
    let mapped = join(&map(&split(&block)));
    rest.copy_from_slice(&mapped[..rest.len()]);
}

/// Shuffles of the bytes of three vectors, by target and source.
#[cfg(target_arch = "x86_64")]
type Masks = [[[i8; LANES]; CHANNELS]; CHANNELS];

#[cfg(target_arch = "x86_64")]
const fn masks(is_split: bool) -> Masks {
    let mut masks = [[[-1; LANES]; CHANNELS]; CHANNELS];
    let mut at = 0;
    while at < LANES * CHANNELS {
        let (plane, lane) = (at % CHANNELS, at / CHANNELS);
        let (vector, byte) = (at / LANES, at % LANES);
        if is_split {
            masks[plane][vector][lane] = byte as i8;
        } else {
            masks[vector][plane][byte] = lane as i8;
        }
        at += 1;
    }
    masks
}

#[cfg(target_arch = "x86_64")]
static SPLIT: Masks = masks(true);
#[cfg(target_arch = "x86_64")]
static JOIN: Masks = masks(false);

/// Shuffles the bytes of three vectors, which are a number of bytes apart.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn shuffle(from: *const u8, apart: usize, to: *mut u8, to_apart: usize, masks: &Masks) {
    use std::arch::x86_64::*;
    let load = |at: *const u8| _mm_loadu_si128(at as *const __m128i);
    for (target, masks) in masks.iter().enumerate() {
        let part =
            |source: usize| _mm_shuffle_epi8(load(from.add(apart * source)), load(masks[source].as_ptr() as *const u8));
        let bytes = _mm_or_si128(_mm_or_si128(part(0), part(1)), part(2));
        _mm_storeu_si128(to.add(to_apart * target) as *mut __m128i, bytes);
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn split(block: &[u8; BYTES]) -> Planes {
    let mut planes = [[0; BLOCK]; CHANNELS];
    let (from, to) = (block.as_ptr(), planes.as_mut_ptr() as *mut u8);
    for i in (0..BLOCK).step_by(LANES) {
        unsafe { shuffle(from.add(i * CHANNELS), LANES, to.add(i), BLOCK, &SPLIT) };
    }
    planes
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn join(planes: &Planes) -> [u8; BYTES] {
    let mut block = [0; BYTES];
    let (from, to) = (planes.as_ptr() as *const u8, block.as_mut_ptr());
    for i in (0..BLOCK).step_by(LANES) {
        unsafe { shuffle(from.add(i), BLOCK, to.add(i * CHANNELS), LANES, &JOIN) };
    }
    block
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn split(block: &[u8; BYTES]) -> Planes {
    std::array::from_fn(|c| std::array::from_fn(|i| block[i * CHANNELS + c]))
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn join(planes: &Planes) -> [u8; BYTES] {
    std::array::from_fn(|at| planes[at % CHANNELS][at / CHANNELS])
}

/// Returns the three values of a pixel and one to ignore.
#[inline(always)]
pub fn pixel_at(from: &[u8], at: usize) -> [u8; 4] {
    if at + 4 <= from.len() {
        unsafe { (from.as_ptr().add(at) as *const [u8; 4]).read_unaligned() }
    } else {
        [from[at], from[at + 1], from[at + 2], 0]
    }
}
