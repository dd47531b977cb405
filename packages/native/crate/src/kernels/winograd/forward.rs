//! y = x * filter, and with a turned filter the gradient of the input.
use super::tiles::{image_planes, load_operand, transform_images, Place, Planes, Tiles, SIDE};
use super::transforms::{filter, output};
use super::{BLOCK, POSITIONS};
use crate::heap::Scratch;
use crate::kernels::finish::Finish;
use crate::kernels::patches::Sizes;
use crate::kernels::strip::{Float32, Strip, ROWS_OF_A};
use crate::simd::Simd;
use crate::team::{each_range, PRODUCTS_PER_FLOAT};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

/// Channels of a chunk: the transformed filter of a chunk and a panel stays in the second-level cache.
const CHUNK: usize = 4 * BLOCK;
/// Floats of a transformed filter that is kept while all tiles pass. A larger one is transformed again, chunk by chunk.
const KEPT_FILTER: usize = 1 << 20;
/// Floats of transformed tiles that stay in the second-level cache, if that many tiles repay the reading of the filter.
const CACHED_TILES: usize = 1 << 17;
/// Register tiles of rows in a block: fewer do not repay the reading of the filter.
const LEAST_GROUPS: usize = 2;
/// The same for a filter that is transformed for each block.
const GROUPS_OF_TRANSFORMED: usize = 8;

/// The filter of a convolution.
pub enum Weights {
    /// filter[3,3,c,channels].
    Filter(*const f32),
    /// The output of `transform_filter`.
    Transformed(*const f32),
}

/// y[n,oh,ow,channels] from x[n,h,w,c].
pub struct Convolution<'a> {
    pub x: *const f32,
    pub n: usize,
    pub s: &'a Sizes,
    pub weights: Weights,
    pub channels: usize,
    pub y: *mut f32,
    pub finish: Finish,
}

/// Floats of a transformed filter.
pub fn transformed_floats<S: Simd>(c: usize, channels: usize) -> usize {
    POSITIONS * c * channels.next_multiple_of(2 * S::LANES)
}

/// Transforms a filter [3,3,c,channels] to panels [panel][chunk][position][channel of the chunk][column], where a panel has two
/// vectors of columns.
#[inline(always)]
pub unsafe fn transform_filter<S: Simd, const ROUND: bool>(from: *const f32, c: usize, channels: usize, out: *mut f32) {
    let width = 2 * S::LANES;
    each_range::<S, _>(
        channels.div_ceil(width),
        1,
        2 * POSITIONS * c * width,
        #[inline(always)]
        |first, end| {
            for panel in first..end {
                let j = panel * width;
                let mut k = 0;
                while k < c {
                    let depth = CHUNK.min(c - k);
                    transform_chunk::<S, ROUND>(from, c, channels, j, k, depth, out.add(POSITIONS * (j * c + k * width)));
                    k += CHUNK;
                }
            }
        },
    );
}

/// Transforms channels [k, k + depth) of a panel whose first column is j.
#[inline(always)]
unsafe fn transform_chunk<S: Simd, const ROUND: bool>(
    from: *const f32,
    c: usize,
    channels: usize,
    j: usize,
    k: usize,
    depth: usize,
    out: *mut f32,
) {
    let width = 2 * S::LANES;
    let zero = S::splat(0.0);
    for row in 0..depth {
        for v in 0..2 {
            let column = j + v * S::LANES;
            let mut half = [[zero; 3]; 6];
            if column < channels {
                for x in 0..3 {
                    let mut taps = [zero; 3];
                    for y in 0..3 {
                        let at = from.add(((y * 3 + x) * c + k + row) * channels + column);
                        taps[y] = load_operand::<S, ROUND>(at, channels - column);
                    }
                    let taps = filter(taps);
                    for y in 0..6 {
                        half[y][x] = taps[y];
                    }
                }
            }
            for y in 0..6 {
                let taps = filter(half[y]);
                for x in 0..6 {
                    taps[x].store(out.add(((y * 6 + x) * depth + row) * width + v * S::LANES));
                }
            }
        }
    }
}

/// Computes a convolution; with ROUND, of operands rounded to bfloat16. Returns whether all outputs before `finish` are finite.
#[inline(always)]
pub unsafe fn convolve<S: Simd, const ROUND: bool>(p: &Convolution) -> bool {
    let (from, floats) = match p.weights {
        Weights::Transformed(at) => return convolve_tiles::<S, ROUND>(p, at),
        Weights::Filter(from) => (from, transformed_floats::<S>(p.s.c, p.channels)),
    };
    if floats > KEPT_FILTER {
        return convolve_panels::<S, ROUND>(p, from);
    }
    let mut transformed = Scratch::new(floats);
    transform_filter::<S, ROUND>(from, p.s.c, p.channels, transformed.at());
    convolve_tiles::<S, ROUND>(p, transformed.at())
}

/// Tiles of a block, of which at least so many groups of a register tile's rows are transformed at a time.
fn tiles_of_block<S: Simd>(c: usize, groups: usize) -> usize {
    let cached = CACHED_TILES / (POSITIONS * c) / S::TILE_ROWS * S::TILE_ROWS;
    cached.max(groups * S::TILE_ROWS)
}

/// Threads share the tiles. Each reads the whole transformed filter.
#[inline(always)]
unsafe fn convolve_tiles<S: Simd, const ROUND: bool>(p: &Convolution, transformed: *const f32) -> bool {
    let (c, channels, width) = (p.s.c, p.channels, 2 * S::LANES);
    let tiles = Tiles::new(p.n, p.s);
    let block = tiles_of_block::<S>(c, LEAST_GROUPS);
    let is_finite = AtomicBool::new(true);
    let cost = POSITIONS * (c * channels / PRODUCTS_PER_FLOAT + c + channels);
    each_range::<S, _>(
        tiles.count(),
        S::TILE_ROWS,
        cost,
        #[inline(always)]
        |first, end| {
            let block = block.min(end - first);
            let mut images = Scratch::new(Planes::floats(block, BLOCK, c));
            let images = image_planes(images.at(), block);
            let mut sums = Scratch::new(Planes::floats(block, width, width));
            let sums = Planes { at: sums.at(), tiles: block, width };
            let mut finite = S::splat(0.0);
            let mut first = first;
            while first < end {
                let rows = block.min(end - first);
                transform_images::<S, ROUND>(p.x, &tiles, first, rows, &images);
                let mut j = 0;
                while j < channels {
                    let mut k = 0;
                    while k < c {
                        let depth = CHUNK.min(c - k);
                        let filter = transformed.add(POSITIONS * (j * c + k * width));
                        multiply_chunk::<S>(&images, rows, k, depth, filter, &sums, channels - j);
                        k += CHUNK;
                    }
                    write_outputs::<S>(p, &tiles, first, rows, j, &sums, &mut finite);
                    j += width;
                }
                first += block;
            }
            if S::any(finite.is_nan()) {
                is_finite.store(false, Ordering::Relaxed);
            }
        },
    );
    is_finite.into_inner()
}

/// Threads share the panels of a filter that is transformed for each block of tiles.
#[inline(always)]
unsafe fn convolve_panels<S: Simd, const ROUND: bool>(p: &Convolution, from: *const f32) -> bool {
    let (c, channels, width) = (p.s.c, p.channels, 2 * S::LANES);
    let tiles = Tiles::new(p.n, p.s);
    let count = tiles.count();
    let block = tiles_of_block::<S>(c, GROUPS_OF_TRANSFORMED).min(count);
    let mut images = Scratch::new(Planes::floats(block, BLOCK, c));
    let images = image_planes(images.at(), block);
    let is_finite = AtomicBool::new(true);
    let mut first = 0;
    while first < count {
        let rows = block.min(count - first);
        each_range::<S, _>(
            rows,
            1,
            2 * POSITIONS * c,
            #[inline(always)]
            |tile, end| {
                transform_images::<S, ROUND>(p.x, &tiles, first + tile, end - tile, &images.from(tile));
            },
        );
        let cost = POSITIONS * width * (c * (rows / PRODUCTS_PER_FLOAT + 2) + rows);
        each_range::<S, _>(
            channels.div_ceil(width),
            1,
            cost,
            #[inline(always)]
            |panel, end| {
                let mut transformed = Scratch::new(POSITIONS * CHUNK * width);
                let mut sums = Scratch::new(Planes::floats(block, width, width));
                let sums = Planes { at: sums.at(), tiles: block, width };
                let mut finite = S::splat(0.0);
                for j in (panel * width..end * width).step_by(width) {
                    let mut k = 0;
                    while k < c {
                        let depth = CHUNK.min(c - k);
                        transform_chunk::<S, ROUND>(from, c, channels, j, k, depth, transformed.at());
                        multiply_chunk::<S>(&images, rows, k, depth, transformed.at(), &sums, channels - j);
                        k += CHUNK;
                    }
                    write_outputs::<S>(p, &tiles, first, rows, j, &sums, &mut finite);
                }
                if S::any(finite.is_nan()) {
                    is_finite.store(false, Ordering::Relaxed);
                }
            },
        );
        first += block;
    }
    is_finite.into_inner()
}

/// Adds the products of a chunk of channels to the sums of a panel; the first chunk sets them.
#[inline(always)]
unsafe fn multiply_chunk<S: Simd>(
    images: &Planes,
    rows: usize,
    k: usize,
    depth: usize,
    filter: *const f32,
    sums: &Planes,
    columns: usize,
) {
    let width = 2 * S::LANES;
    // Columns of the panel past the last output are zeros.
    let columns = if columns > S::LANES { width } else { S::LANES };
    for position in 0..POSITIONS {
        let mut inner = 0;
        while inner < depth {
            let strip = Strip::<S, Float32> {
                rows,
                depth: BLOCK.min(depth - inner),
                b: filter.add((position * depth + inner) * width),
                ldb: width,
                c: sums.position(0, position),
                ldc: width,
                columns,
                add: k + inner > 0,
                of: PhantomData,
            };
            strip.run::<ROWS_OF_A>(images.position((k + inner) / BLOCK, position), BLOCK);
            inner += BLOCK;
        }
    }
}

/// Transforms the sums of tiles back to the outputs of a panel. A non-finite output makes `finite` NaN.
#[inline(always)]
unsafe fn write_outputs<S: Simd>(
    p: &Convolution,
    tiles: &Tiles,
    first: usize,
    rows: usize,
    j: usize,
    sums: &Planes,
    finite: &mut S,
) {
    let (oh, ow, channels) = (p.s.oh, p.s.ow, p.channels);
    let here = (2 * S::LANES).min(channels - j);
    let zero = S::splat(0.0);
    for tile in 0..rows {
        let Place { image, oy, ox } = tiles.place(first + tile);
        let corner = (image * oh + oy) * ow + ox;
        let (height, across) = (SIDE.min(oh - oy), SIDE.min(ow - ox));
        let mut ch = 0;
        while ch < here {
            let from = sums.position(0, 0).add(tile * sums.width + ch);
            let mut half = [[zero; 6]; SIDE];
            for x in 0..6 {
                let mut column = [zero; 6];
                for y in 0..6 {
                    column[y] = S::load(from.add((y * 6 + x) * sums.plane()));
                }
                let column = output(column);
                for y in 0..SIDE {
                    half[y][x] = column[y];
                }
            }
            for y in 0..height {
                let row = output(half[y]);
                for x in 0..SIDE {
                    if x < across {
                        *finite = row[x].fma(zero, *finite);
                        row[x].store_n(p.y.add((corner + y * ow + x) * channels + j + ch), here - ch);
                    }
                }
            }
            ch += S::LANES;
        }
        for y in 0..height {
            let row = corner + y * ow;
            p.finish.apply::<S>(p.y.add(row * channels + j), channels, row, across, j, here);
        }
    }
}
