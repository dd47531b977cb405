//! The gradient of the filter: sums over tiles of products of transformed pixels and transformed gradients.
use super::tiles::{transform_gradients, transform_images, Planes, Tiles};
use super::transforms::filter_gradient;
use super::POSITIONS;
use crate::heap::Scratch;
use crate::kernels::patches::Sizes;
use crate::kernels::strip::{Float32, Strip, COLUMNS_OF_A};
use crate::simd::Simd;
use crate::team::{each_range, PRODUCTS_PER_FLOAT};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

/// Input channels of a block of sums.
const ROWS: usize = 64;
/// Tiles whose products are summed before they are added to the sums of other tiles.
const DEPTH: usize = 32;
/// Floats of transformed tiles that are held at a time.
const HELD: usize = 1 << 20;
/// Least tiles that are held at a time: fewer do not repay reading and writing the sums.
const LEAST: usize = 2 * DEPTH;

/// dw[3,3,c,channels] from x[n,h,w,c] and dy[n,oh,ow,channels]; with ROUND, of values rounded to bfloat16. Returns whether all its values are finite.
#[inline(always)]
pub unsafe fn backprop_filter<S: Simd, const ROUND: bool>(
    x: *const f32,
    dy: *const f32,
    n: usize,
    s: &Sizes,
    channels: usize,
    dw: *mut f32,
) -> bool {
    let width = 2 * S::LANES;
    let tiles = Tiles::new(n, s);
    let count = tiles.count();
    let block = (HELD / (POSITIONS * (s.c + channels)) / DEPTH * DEPTH).max(LEAST).min(count);
    let is_single = block == count;
    let mut images = Scratch::new(Planes::floats(block, ROWS, s.c));
    let images = Planes { at: images.at(), tiles: block, width: ROWS };
    let mut gradients = Scratch::new(Planes::floats(block, width, channels));
    let gradients = Planes { at: gradients.at(), tiles: block, width };
    // Sums [block of rows][panel][position][row][column]; with all tiles at once, a block and panel at a time.
    let (blocks, panels) = (s.c.div_ceil(ROWS), channels.div_ceil(width));
    let size = POSITIONS * ROWS * width;
    let mut sums = Scratch::new(if is_single { 0 } else { blocks * panels * size });
    let sums = sums.at();
    let is_finite = AtomicBool::new(true);
    let mut first = 0;
    while first < count {
        let here = block.min(count - first);
        each_range::<S, _>(
            here,
            1,
            2 * POSITIONS * (s.c + channels),
            #[inline(always)]
            |tile, end| {
                transform_images::<S, ROUND>(x, &tiles, first + tile, end - tile, &images.from(tile));
                transform_gradients::<S, ROUND>(dy, channels, &tiles, first + tile, end - tile, &gradients.from(tile));
            },
        );
        let cost = size * (here / PRODUCTS_PER_FLOAT + 2);
        each_range::<S, _>(
            blocks * panels,
            1,
            cost,
            #[inline(always)]
            |place, end| {
                let mut own = Scratch::new(if is_single { size } else { 0 });
                let mut finite = S::splat(0.0);
                for place in place..end {
                    let (i, j) = (place / panels, place % panels);
                    let rows = ROWS.min(s.c - i * ROWS);
                    let to = if is_single { own.at() } else { sums.add(place * size) };
                    let left = channels - j * width;
                    let columns = if left > S::LANES { width } else { S::LANES };
                    for position in 0..POSITIONS {
                        let (a, b) = (images.position(i, position), gradients.position(j, position));
                        let mut tile = 0;
                        while tile < here {
                            let strip = Strip::<S, Float32> {
                                rows,
                                depth: DEPTH.min(here - tile),
                                b: b.add(tile * width),
                                ldb: width,
                                c: to.add(position * ROWS * width),
                                ldc: width,
                                columns,
                                add: first + tile > 0,
                                of: PhantomData,
                            };
                            strip.run::<COLUMNS_OF_A>(a.add(tile * ROWS), ROWS);
                            tile += DEPTH;
                        }
                    }
                    if first + here == count {
                        let out = dw.add(i * ROWS * channels + j * width);
                        write_gradient::<S>(to, rows, s.c * channels, channels, left.min(width), out, &mut finite);
                    }
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

/// Transforms a block of sums back to rows of the filter's gradient, whose taps are `tap` floats apart. A non-finite value makes
/// `finite` NaN.
#[inline(always)]
unsafe fn write_gradient<S: Simd>(
    from: *const f32,
    rows: usize,
    tap: usize,
    channels: usize,
    columns: usize,
    out: *mut f32,
    finite: &mut S,
) {
    let width = 2 * S::LANES;
    let zero = S::splat(0.0);
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let mut half = [[zero; 6]; 3];
            for x in 0..6 {
                let mut values = [zero; 6];
                for y in 0..6 {
                    values[y] = S::load(from.add(((y * 6 + x) * ROWS + row) * width + column));
                }
                let values = filter_gradient(values);
                for y in 0..3 {
                    half[y][x] = values[y];
                }
            }
            for y in 0..3 {
                let values = filter_gradient(half[y]);
                for x in 0..3 {
                    *finite = values[x].fma(zero, *finite);
                    values[x].store_n(out.add((y * 3 + x) * tap + row * channels + column), columns - column);
                }
            }
            column += S::LANES;
        }
    }
}
