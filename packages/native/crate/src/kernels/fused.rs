//! Convolutions and sums of the inference path, with everything that follows them up to the next tensor.
use super::act::{apply, with_code, UNIT};
use super::finish::Finish;
use super::gemm::{multiply_on_threads, Left, Product};
use super::patches::Sizes;
use super::winograd::{self, Convolution, Weights};
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::each_range;

/// Columns of a panel of packed weights.
#[inline(always)]
pub unsafe fn panel_width<S: Simd>(_: &mut Args) -> f64 {
    (2 * S::LANES) as f64
}

/// y[n,oh,ow,channels] = activation(convolution + bias + added) of x[n,h,w,c] with packed weights: panels of `panelWidth` columns
/// of the matrix [kh·kw·c, channels]. bias, added and slope may be null.
#[inline(always)]
pub unsafe fn conv_fused<S: Simd>(args: &mut Args) -> f64 {
    let (x, n, s) = (args.floats(), args.size(), Sizes::read(args));
    let (weights, channels) = (args.floats(), args.size());
    let finish = Finish::read_activation(args);
    let (added, y) = (args.floats(), args.floats());
    let is_pointwise = s.kh == 1 && s.kw == 1 && s.sh == 1 && s.sw == 1 && s.top == 0 && s.left == 0;
    let product = Product {
        m: n * s.oh * s.ow,
        n: channels,
        k: s.patch(),
        a: if is_pointwise { Left::Stored(x, s.c) } else { Left::Patches(x, &s) },
        b: weights,
        c: y,
        ldc: channels,
        packed: true,
        finish: Finish { added, ..finish },
        ..Product::default()
    };
    multiply_on_threads::<S>(&product, false, true);
    0.0
}

/// Floats of the transformed filter with which `winograd_fused` computes a convolution; 0 if `conv_fused` computes it faster. It does
/// not depend on the number of images, so that an image's outputs do not either.
#[inline(always)]
pub unsafe fn transformed_filter_floats<S: Simd>(args: &mut Args) -> f64 {
    let (s, channels) = (Sizes::read(args), args.size());
    if winograd::suits(1, &s, channels, false, false) {
        winograd::transformed_floats::<S>(s.c, channels) as f64
    } else {
        0.0
    }
}

/// Transforms a filter [3,3,c,channels] for `winograd_fused`.
#[inline(always)]
pub unsafe fn transform_filter<S: Simd>(args: &mut Args) -> f64 {
    let (filter, c, channels, out) = (args.floats(), args.size(), args.size(), args.floats());
    winograd::transform_filter::<S, false>(filter, c, channels, out);
    0.0
}

/// `conv_fused` by Winograd's algorithm, with a transformed filter. NaN and infinities spread to all outputs of a tile.
/// Returns 1 if the sums of all outputs are finite.
#[inline(always)]
pub unsafe fn winograd_fused<S: Simd>(args: &mut Args) -> f64 {
    let (x, n, s) = (args.floats(), args.size(), Sizes::read(args));
    let (weights, channels) = (Weights::Transformed(args.floats()), args.size());
    let finish = Finish::read_activation(args);
    let (added, y) = (args.floats(), args.floats());
    let finish = Finish { added, ..finish };
    let convolution = Convolution { x, n, s: &s, weights, channels, y, finish };
    winograd::convolve::<S, false>(&convolution) as usize as f64
}

#[inline(always)]
unsafe fn add<S: Simd, const CODE: u8>(a: *const f32, b: *const f32, count: usize, y: *mut f32) {
    let mut i = 0;
    while i < count {
        let n = count - i;
        let z = S::load_n(a.add(i), n).add(S::load_n(b.add(i), n));
        apply::<S, CODE>(z, S::splat(0.0)).store_n(y.add(i), n);
        i += S::LANES;
    }
}

/// y = activation(a + b) over count floats.
#[inline(always)]
pub unsafe fn add_activation<S: Simd>(args: &mut Args) -> f64 {
    let (a, b, count, code, y) = (args.floats(), args.floats(), args.size(), args.size(), args.floats());
    each_range::<S, _>(
        count,
        UNIT,
        4,
        #[inline(always)]
        |first, end| {
            with_code!(code, add, S, (a.add(first), b.add(first), end - first, y.add(first)));
        },
    );
    0.0
}
