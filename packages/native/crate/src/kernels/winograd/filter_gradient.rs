//! The gradient of the filter: sums over tiles of products of transformed pixels and transformed gradients.
use super::tiles::{transform_gradients, transform_images, Planes, Tiles};
use super::transforms::filter_gradient;
use super::POSITIONS;
use crate::heap::Scratch;
use crate::kernels::patches::Sizes;
use crate::kernels::strip::{Float32, Strip, COLUMNS_OF_A};
use crate::simd::Simd;
use std::marker::PhantomData;

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
    // Sums [block of rows][panel][position][row][column]; with all tiles at once, of one block and panel.
    let (blocks, panels) = (s.c.div_ceil(ROWS), channels.div_ceil(width));
    let mut sums = Scratch::new(POSITIONS * ROWS * width * if is_single { 1 } else { blocks * panels });
    let mut finite = S::splat(0.0);
    let mut first = 0;
    while first < count {
        let here = block.min(count - first);
        transform_images::<S, ROUND>(x, &tiles, first, here, &images);
        transform_gradients::<S, ROUND>(dy, channels, &tiles, first, here, &gradients);
        for i in 0..blocks {
            let rows = ROWS.min(s.c - i * ROWS);
            for j in 0..panels {
                let place = if is_single { 0 } else { i * panels + j };
                let to = sums.at().add(place * POSITIONS * ROWS * width);
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
        }
        first += block;
    }
    !S::any(finite.is_nan())
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
