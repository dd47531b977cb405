//! Tiles of images and their gradients, and their transforms in the order in which the products read them.
use super::transforms::{input, output_gradient};
use super::{BLOCK, LINE, POSITIONS};
use crate::kernels::patches::Sizes;
use crate::simd::Simd;

/// Outputs of a tile in each direction.
pub const SIDE: usize = 4;
/// Pixels of a tile in each direction.
const WINDOW: usize = SIDE + 2;

/// The tiles of n images, row by row.
pub struct Tiles<'a> {
    pub s: &'a Sizes,
    n: usize,
    rows: usize,
    columns: usize,
}

/// The first output of a tile.
#[derive(Clone, Copy)]
pub struct Place {
    pub image: usize,
    pub oy: usize,
    pub ox: usize,
}

impl<'a> Tiles<'a> {
    pub fn new(n: usize, s: &'a Sizes) -> Self {
        Self { s, n, rows: s.oh.div_ceil(SIDE), columns: s.ow.div_ceil(SIDE) }
    }
    pub fn count(&self) -> usize {
        self.n * self.rows * self.columns
    }
    #[inline(always)]
    pub fn place(&self, tile: usize) -> Place {
        let row = tile / self.columns;
        Place { image: row / self.rows, oy: row % self.rows * SIDE, ox: tile % self.columns * SIDE }
    }
}

/// Planes of transformed tiles [block of channels][position][tile][channel], where a block has WIDTH channels.
pub struct Planes {
    pub at: *mut f32,
    /// Tiles that there is room for.
    pub tiles: usize,
    pub width: usize,
}

impl Planes {
    /// Floats of one position.
    #[inline(always)]
    pub fn plane(&self) -> usize {
        self.tiles * self.width + LINE
    }
    /// Floats of planes for a number of channels.
    pub fn floats(tiles: usize, width: usize, channels: usize) -> usize {
        channels.div_ceil(width) * POSITIONS * (tiles * width + LINE)
    }
    /// The planes without the tiles before `tile`.
    #[inline(always)]
    pub unsafe fn from(&self, tile: usize) -> Self {
        Self { at: self.at.add(tile * self.width), ..*self }
    }
    /// The values of a position in a block of channels.
    #[inline(always)]
    pub unsafe fn position(&self, block: usize, position: usize) -> *mut f32 {
        self.at.add((block * POSITIONS + position) * self.plane())
    }
}

/// Loads up to a vector of operands; with ROUND, they become bfloat16 values.
#[inline(always)]
pub unsafe fn load_operand<S: Simd, const ROUND: bool>(from: *const f32, count: usize) -> S {
    let values = S::load_n(from, count);
    if ROUND {
        values.round_bfloat16()
    } else {
        values
    }
}

/// Transforms the pixels of tiles [first, first + count) of x. Channels past the last one up to a vector's end become 0.
#[inline(always)]
pub unsafe fn transform_images<S: Simd, const ROUND: bool>(
    x: *const f32,
    tiles: &Tiles,
    first: usize,
    count: usize,
    out: &Planes,
) {
    let s = tiles.s;
    for tile in 0..count {
        let place = tiles.place(first + tile);
        let (iy, ix) = (place.oy as isize - s.top, place.ox as isize - s.left);
        let corner = x.wrapping_offset((((place.image as isize * s.h) + iy) * s.w + ix) * s.c as isize);
        let side = WINDOW as isize;
        let inside = iy >= 0 && ix >= 0 && iy + side <= s.h && ix + side <= s.w;
        let mut ch = 0;
        while ch < s.c {
            let to = out.position(ch / out.width, 0).add(tile * out.width + ch % out.width);
            let from = corner.wrapping_add(ch);
            if inside && ch + S::LANES <= s.c {
                transform_window::<S, ROUND, true>(from, s, iy, ix, S::LANES, to, out.plane());
            } else {
                transform_window::<S, ROUND, false>(from, s, iy, ix, s.c - ch, to, out.plane());
            }
            ch += S::LANES;
        }
    }
}

/// Transforms one vector of channels of a tile whose first pixel, at `from`, is (iy, ix). WHOLE: all pixels are in the image.
#[inline(always)]
unsafe fn transform_window<S: Simd, const ROUND: bool, const WHOLE: bool>(
    from: *const f32,
    s: &Sizes,
    iy: isize,
    ix: isize,
    channels: usize,
    to: *mut f32,
    plane: usize,
) {
    let zero = S::splat(0.0);
    let mut half = [[zero; WINDOW]; WINDOW];
    for x in 0..WINDOW {
        let mut column = [zero; WINDOW];
        for y in 0..WINDOW {
            let at = from.wrapping_offset((y as isize * s.w + x as isize) * s.c as isize);
            if WHOLE {
                column[y] = load_operand::<S, ROUND>(at, S::LANES);
            } else {
                let (py, px) = (iy + y as isize, ix + x as isize);
                if py >= 0 && py < s.h && px >= 0 && px < s.w {
                    column[y] = load_operand::<S, ROUND>(at, channels);
                }
            }
        }
        let column = input(column);
        for y in 0..WINDOW {
            half[y][x] = column[y];
        }
    }
    for y in 0..WINDOW {
        let row = input(half[y]);
        for x in 0..WINDOW {
            row[x].store(to.add((y * WINDOW + x) * plane));
        }
    }
}

/// Transforms the output's gradient dy[n,oh,ow,channels] of tiles [first, first + count).
#[inline(always)]
pub unsafe fn transform_gradients<S: Simd, const ROUND: bool>(
    dy: *const f32,
    channels: usize,
    tiles: &Tiles,
    first: usize,
    count: usize,
    out: &Planes,
) {
    let (oh, ow) = (tiles.s.oh, tiles.s.ow);
    let zero = S::splat(0.0);
    for tile in 0..count {
        let Place { image, oy, ox } = tiles.place(first + tile);
        let corner = dy.add(((image * oh + oy) * ow + ox) * channels);
        let mut ch = 0;
        while ch < channels {
            let to = out.position(ch / out.width, 0).add(tile * out.width + ch % out.width);
            let mut half = [[zero; SIDE]; WINDOW];
            for x in 0..SIDE {
                let mut column = [zero; SIDE];
                for y in 0..SIDE {
                    if oy + y < oh && ox + x < ow {
                        let at = corner.add((y * ow + x) * channels + ch);
                        column[y] = load_operand::<S, ROUND>(at, channels - ch);
                    }
                }
                let column = output_gradient(column);
                for y in 0..WINDOW {
                    half[y][x] = column[y];
                }
            }
            for y in 0..WINDOW {
                let row = output_gradient(half[y]);
                for x in 0..WINDOW {
                    row[x].store(to.add((y * WINDOW + x) * out.plane()));
                }
            }
            ch += S::LANES;
        }
    }
}

/// Planes of images in blocks of BLOCK channels.
pub fn image_planes(at: *mut f32, tiles: usize) -> Planes {
    Planes { at, tiles, width: BLOCK }
}
