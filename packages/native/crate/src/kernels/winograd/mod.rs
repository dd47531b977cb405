//! Convolutions of 3×3 at stride 1 by Winograd's minimal filtering F(4×4, 3×3). The algorithm is that of "Fast Algorithms for
//! Convolutional Neural Networks" by Lavin and Gray (2016). It takes 36 products for 16 outputs instead of 144. The images are divided
//! into tiles of 6×6 that overlap by 2. Tiles, filters and outputs are transformed. Between the transforms stand 36 matrix products.
//!
//! The points are 0, ±11/16, ±3/2 and infinity, and sums of the products run over blocks of 32 channels. With these, the error's
//! root mean square is about 3 times that of the direct product. In a simulation of 256 channels, the usual points 0, ±1, ±2 and
//! undivided sums had 11 times its error.
mod filter_gradient;
mod forward;
mod tiles;
mod transforms;

pub use filter_gradient::backprop_filter;
pub use forward::{convolve, transform_filter, transformed_floats, Convolution, Weights};

use super::patches::Sizes;
use tiles::Tiles;

/// Positions of a transformed tile of 6×6.
const POSITIONS: usize = 36;
/// Channels whose products are summed before they are added to the sums of other channels. A multiple of every vector's lanes.
const BLOCK: usize = 32;
/// Floats of a cache line. Planes of positions are a line longer than their values, so that they map to different sets of the cache.
const LINE: usize = 16;

/// Whether transforming costs less than the direct products, for n images. The result depends on sizes only.
/// `transforms_filter` is whether the filter must be transformed, too. The products are in float32 even of bfloat16 operands, because
/// transformed operands have more digits; the direct product of bfloat16 takes about half the time of that of float32.
pub fn suits(n: usize, s: &Sizes, channels: usize, transforms_filter: bool, bfloat16: bool) -> bool {
    if s.kh != 3 || s.kw != 3 || s.sh != 1 || s.sw != 1 || s.c < 16 || channels < 16 {
        return false;
    }
    // Multiplications, in whose place the transforms have additions, loads and stores.
    let pairs = s.c * channels;
    let tiles = Tiles::new(n, s).count();
    let direct = 9 * pairs * n * s.oh * s.ow;
    let transforms = tiles * 220 * (s.c + channels) + if transforms_filter { 200 * pairs } else { 0 };
    10 * (POSITIONS * pairs * tiles + transforms) < if bfloat16 { 5 } else { 8 } * direct
}
