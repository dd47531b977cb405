//! Activations, by the codes of `@unitsphere/ops`.
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::each_range;

pub const NONE: u8 = 0;
pub const RELU: u8 = 1;
pub const HARD_SWISH: u8 = 2;
pub const HARD_SIGMOID: u8 = 3;
pub const RELU6: u8 = 4;
pub const SILU: u8 = 5;
pub const SIGMOID: u8 = 6;
pub const PRELU: u8 = 7;
pub const GELU: u8 = 8;
pub const QUICK_GELU: u8 = 9;

const QUICK_GELU_SLOPE: f32 = 1.702;

/// The error function, by the rational approximation of XLA, to within 4 units in the last place of 1.
#[inline(always)]
unsafe fn erf<S: Simd>(v: S) -> S {
    let (one, end) = (S::splat(1.0), S::splat(4.0));
    let x = v.max(S::splat(-4.0)).min(end);
    let square = x.mul(x);
    let mut p = S::splat(-2.726_142_3e-10);
    for coefficient in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906e-4, -2.954_599_8e-3, -1.609_603_3e-2] {
        p = p.fma(square, S::splat(coefficient));
    }
    let mut q = S::splat(-1.456_607_2e-5);
    for coefficient in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q.fma(square, S::splat(coefficient));
    }
    // From 4 on, float32 has only 1. Large values are multiplied by the rest, so it must be exact.
    let inside = S::select(v.gt(end), one, x.mul(p).div(q));
    S::select(S::splat(-4.0).gt(v), S::splat(-1.0), inside)
}

/// The cumulative probability of the standard normal distribution.
#[inline(always)]
unsafe fn cumulative<S: Simd>(z: S) -> S {
    erf(z.mul(S::splat(std::f32::consts::FRAC_1_SQRT_2))).fma(S::splat(0.5), S::splat(0.5))
}

#[inline(always)]
unsafe fn sigmoid<S: Simd>(z: S) -> S {
    S::splat(1.0).div(S::splat(1.0).add(S::splat(0.0).sub(z).exp()))
}

/// activation(z); `slope` is PReLU's.
#[inline(always)]
pub unsafe fn apply<S: Simd, const CODE: u8>(z: S, slope: S) -> S {
    let zero = S::splat(0.0);
    match CODE {
        RELU => z.max(zero),
        HARD_SWISH | HARD_SIGMOID => {
            let gate = z.add(S::splat(3.0)).max(zero).min(S::splat(6.0)).mul(S::splat(1.0 / 6.0));
            if CODE == HARD_SWISH {
                z.mul(gate)
            } else {
                gate
            }
        }
        RELU6 => z.max(zero).min(S::splat(6.0)),
        SILU => z.mul(sigmoid(z)),
        SIGMOID => sigmoid(z),
        PRELU => S::select(z.gt(zero), z, z.mul(slope)),
        GELU => z.mul(cumulative(z)),
        QUICK_GELU => z.mul(sigmoid(z.mul(S::splat(QUICK_GELU_SLOPE)))),
        _ => z,
    }
}

/// dy·activation'(z).
#[inline(always)]
pub unsafe fn apply_grad<S: Simd, const CODE: u8>(dy: S, z: S, slope: S) -> S {
    let zero = S::splat(0.0);
    match CODE {
        RELU => S::select(z.gt(zero), dy, zero),
        HARD_SWISH => {
            let inside = dy.mul(z.mul(S::splat(1.0 / 3.0)).add(S::splat(0.5)));
            // From 3 on, the slope is 1; NaN takes the inside, whose comparison below gives 0 as in the WebAssembly kernel.
            let right = S::select(S::splat(3.0).gt(z), inside, S::select(z.is_nan(), inside, dy));
            S::select(z.gt(S::splat(-3.0)), right, zero)
        }
        HARD_SIGMOID => {
            let right = S::select(S::splat(3.0).gt(z), dy.mul(S::splat(1.0 / 6.0)), zero);
            S::select(z.gt(S::splat(-3.0)), right, zero)
        }
        RELU6 => S::select(z.gt(zero), S::select(S::splat(6.0).gt(z), dy, zero), zero),
        SILU | SIGMOID => {
            let s = sigmoid(z);
            let falling = S::splat(1.0).sub(s);
            let slope = if CODE == SIGMOID { falling } else { z.fma(falling, S::splat(1.0)) };
            dy.mul(s.mul(slope))
        }
        PRELU => S::select(z.gt(zero), dy, dy.mul(slope)),
        GELU => {
            // x·density(x) + cumulative(x)
            let density = z.mul(z).mul(S::splat(-0.5)).exp().mul(S::splat(0.398_942_3));
            dy.mul(z.fma(density, cumulative(z)))
        }
        QUICK_GELU => {
            let scaled = z.mul(S::splat(QUICK_GELU_SLOPE));
            let s = sigmoid(scaled);
            dy.mul(s.mul(scaled.fma(S::splat(1.0).sub(s), S::splat(1.0))))
        }
        _ => dy,
    }
}

/// Calls a function that is generic over the activation with the code known at compile time.
macro_rules! with_code {
    ($code:expr, $function:ident, $simd:ty, ($($argument:expr),*)) => {
        match $code {
            1 => $function::<$simd, 1>($($argument),*),
            2 => $function::<$simd, 2>($($argument),*),
            3 => $function::<$simd, 3>($($argument),*),
            4 => $function::<$simd, 4>($($argument),*),
            5 => $function::<$simd, 5>($($argument),*),
            6 => $function::<$simd, 6>($($argument),*),
            7 => $function::<$simd, 7>($($argument),*),
            8 => $function::<$simd, 8>($($argument),*),
            9 => $function::<$simd, 9>($($argument),*),
            _ => $function::<$simd, 0>($($argument),*),
        }
    };
}
pub(super) use with_code;

/// Work of an element, in floats that are read or written.
const COST: usize = 4;
/// Floats by which lists are divided, so that threads write different cache lines.
pub const UNIT: usize = 64;

#[inline(always)]
unsafe fn forward<S: Simd, const CODE: u8>(x: *const f32, count: usize, y: *mut f32) {
    let mut i = 0;
    while i < count {
        let n = count - i;
        apply::<S, CODE>(S::load_n(x.add(i), n), S::splat(0.0)).store_n(y.add(i), n);
        i += S::LANES;
    }
}

#[inline(always)]
unsafe fn backward<S: Simd, const CODE: u8>(x: *const f32, dy: *const f32, count: usize, dx: *mut f32) {
    let mut i = 0;
    while i < count {
        let n = count - i;
        apply_grad::<S, CODE>(S::load_n(dy.add(i), n), S::load_n(x.add(i), n), S::splat(0.0)).store_n(dx.add(i), n);
        i += S::LANES;
    }
}

/// y = activation(x) over count floats.
#[inline(always)]
pub unsafe fn activation<S: Simd>(args: &mut Args) -> f64 {
    let (x, count, code, y) = (args.floats(), args.size(), args.size(), args.floats());
    each_range::<S, _>(
        count,
        UNIT,
        COST,
        #[inline(always)]
        |first, end| {
            with_code!(code, forward, S, (x.add(first), end - first, y.add(first)));
        },
    );
    0.0
}

/// dx = dy·activation'(x) over count floats.
#[inline(always)]
pub unsafe fn activation_grad<S: Simd>(args: &mut Args) -> f64 {
    let (x, dy, count, code, dx) = (args.floats(), args.floats(), args.size(), args.size(), args.floats());
    each_range::<S, _>(
        count,
        UNIT,
        COST,
        #[inline(always)]
        |first, end| {
            with_code!(code, backward, S, (x.add(first), dy.add(first), end - first, dx.add(first)));
        },
    );
    0.0
}
