//! Vectors of float32, one type for each instruction set. Kernels are generic over them and are compiled once for each, inside
//! a function that enables the instructions; everything between must therefore be inlined.

#[cfg(target_arch = "x86_64")]
pub mod avx2;
#[cfg(target_arch = "x86_64")]
pub mod avx512;
#[cfg(target_arch = "aarch64")]
pub mod neon;

use crate::kernels::gemm::Product;

pub trait Simd: Copy {
    type Mask: Copy;
    const LANES: usize;
    /// Rows of a product's register tile, whose width is two vectors.
    const TILE_ROWS: usize;
    /// Vectors of channels that a kernel with two sums per channel holds in registers.
    const WIDE: usize;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Loads `count` values, fewer than a vector; the other lanes are 0.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;
    unsafe fn store_first(self, to: *mut f32, count: usize);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// self·b + c, rounded once.
    unsafe fn fma(self, b: Self, c: Self) -> Self;
    /// The smaller value; self if either is NaN.
    unsafe fn min(self, bound: Self) -> Self;
    /// The larger value; self if either is NaN.
    unsafe fn max(self, bound: Self) -> Self;
    unsafe fn sqrt(self) -> Self;
    /// The nearest integer, ties to even.
    unsafe fn round(self) -> Self;
    /// 2^self, for integers from -126 to 127.
    unsafe fn power_of_two(self) -> Self;
    unsafe fn gt(self, other: Self) -> Self::Mask;
    unsafe fn eq(self, other: Self) -> Self::Mask;
    unsafe fn is_nan(self) -> Self::Mask;
    unsafe fn any(mask: Self::Mask) -> bool;
    /// Lanes of `yes` where the mask is set, else of `no`.
    unsafe fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    unsafe fn sum(self) -> f32;
    unsafe fn highest(self) -> f32;
    /// Transposes a 4×4 block of floats whose rows are `from_row` and `to_row` floats apart.
    unsafe fn transpose4(from: *const f32, from_row: usize, to: *mut f32, to_row: usize);
    /// Calls a function that is inlined where this set's instructions are enabled.
    unsafe fn call<F: Fn(usize)>(f: &F, part: usize);
    /// The product kernel of this instruction set, compiled once.
    unsafe fn multiply(product: &Product);
    /// The same with inputs rounded to bfloat16. Sets without the instructions compute in float32.
    #[inline(always)]
    unsafe fn multiply_bfloat16(product: &Product) {
        Self::multiply(product)
    }
    /// bfloat16 values of both, in the lower and upper half of each lane. Only for sets with the instructions.
    #[inline(always)]
    unsafe fn join_bfloat16(_low: Self, _high: Self) -> Self {
        unreachable!()
    }
    /// The bfloat16 values of `first`, then those of `second`. Only for sets with the instructions.
    #[inline(always)]
    unsafe fn narrow_bfloat16(_first: Self, _second: Self) -> Self {
        unreachable!()
    }

    /// The values rounded to bfloat16, ties to even. Sets without the instructions keep them.
    #[inline(always)]
    unsafe fn round_bfloat16(self) -> Self {
        self
    }

    #[inline(always)]
    unsafe fn load_n(from: *const f32, count: usize) -> Self {
        if count >= Self::LANES {
            Self::load(from)
        } else {
            Self::load_first(from, count)
        }
    }

    #[inline(always)]
    unsafe fn store_n(self, to: *mut f32, count: usize) {
        if count >= Self::LANES {
            self.store(to)
        } else {
            self.store_first(to, count)
        }
    }

    /// e^self to within 2 units in the last place, and 0 below -87.3, where the result would be subnormal. The steps are those
    /// of the WebAssembly kernels.
    #[inline(always)]
    unsafe fn exp(self) -> Self {
        let floor = Self::splat(-87.3);
        let low = floor.gt(self);
        let clipped = self.max(floor).min(Self::splat(88.3));
        let n = clipped.mul(Self::splat(std::f32::consts::LOG2_E)).round();
        // ln 2 in two parts, so that n·ln 2 is exact.
        let r = n.fma(Self::splat(-0.693_359_4), clipped);
        let r = n.fma(Self::splat(2.121_944_4e-4), r);
        let mut p = Self::splat(1.0 / 5040.0);
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            p = p.fma(r, Self::splat(coefficient));
        }
        // NaN has no integer part: the product below keeps it.
        Self::select(low, Self::splat(0.0), p.mul(n.power_of_two()))
    }
}

/// Whether the processor can run a set of instructions.
pub fn supports(isa: &str) -> bool {
    match isa {
        #[cfg(target_arch = "x86_64")]
        "avx512" => {
            std::is_x86_feature_detected!("avx512f")
                && std::is_x86_feature_detected!("avx512bw")
                && std::is_x86_feature_detected!("avx512vl")
                && std::is_x86_feature_detected!("avx512dq")
                && std::is_x86_feature_detected!("fma")
        }
        #[cfg(target_arch = "x86_64")]
        "avx512bf16" => supports("avx512") && std::is_x86_feature_detected!("avx512bf16"),
        #[cfg(target_arch = "x86_64")]
        "avx2" => std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma"),
        #[cfg(target_arch = "aarch64")]
        "neon" => true,
        _ => false,
    }
}
