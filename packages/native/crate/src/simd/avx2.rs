//! AVX2 with fused multiply-add: 8 lanes and 16 registers.
use super::Simd;
use crate::kernels::gemm::{multiply, Product};
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Avx2(__m256);

/// Masks of 0 to 7 lanes: eight values from place 8 - count.
static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

#[inline(always)]
unsafe fn first(count: usize) -> __m256i {
    _mm256_loadu_si256(MASKS.as_ptr().add(8 - count) as *const __m256i)
}

#[inline(always)]
pub unsafe fn transpose4(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    let (mut a, mut b) = (_mm_loadu_ps(from), _mm_loadu_ps(from.add(from_row)));
    let (mut c, mut d) = (_mm_loadu_ps(from.add(2 * from_row)), _mm_loadu_ps(from.add(3 * from_row)));
    _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
    _mm_storeu_ps(to, a);
    _mm_storeu_ps(to.add(to_row), b);
    _mm_storeu_ps(to.add(2 * to_row), c);
    _mm_storeu_ps(to.add(3 * to_row), d);
}

impl Simd for Avx2 {
    type Mask = __m256;
    const LANES: usize = 8;
    const TILE_ROWS: usize = 6;
    const WIDE: usize = 2;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(_mm256_set1_ps(value))
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(_mm256_loadu_ps(from))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        _mm256_storeu_ps(to, self.0)
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        Self(_mm256_maskload_ps(from, first(count)))
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        _mm256_maskstore_ps(to, first(count), self.0)
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(_mm256_add_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(_mm256_sub_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(_mm256_mul_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(_mm256_div_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        Self(_mm256_fmadd_ps(self.0, b.0, c.0))
    }
    #[inline(always)]
    unsafe fn min(self, bound: Self) -> Self {
        // The instruction returns its second operand if one is NaN.
        Self(_mm256_min_ps(bound.0, self.0))
    }
    #[inline(always)]
    unsafe fn max(self, bound: Self) -> Self {
        Self(_mm256_max_ps(bound.0, self.0))
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(_mm256_sqrt_ps(self.0))
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0))
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
        Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent)))
    }
    #[inline(always)]
    unsafe fn gt(self, other: Self) -> __m256 {
        _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, other.0)
    }
    #[inline(always)]
    unsafe fn eq(self, other: Self) -> __m256 {
        _mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0)
    }
    #[inline(always)]
    unsafe fn is_nan(self) -> __m256 {
        _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0)
    }
    #[inline(always)]
    unsafe fn any(mask: __m256) -> bool {
        _mm256_movemask_ps(mask) != 0
    }
    #[inline(always)]
    unsafe fn select(mask: __m256, yes: Self, no: Self) -> Self {
        Self(_mm256_blendv_ps(no.0, yes.0, mask))
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let four = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }
    #[inline(always)]
    unsafe fn highest(self) -> f32 {
        let four = _mm_max_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }
    #[inline(always)]
    unsafe fn transpose4(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        transpose4(from, from_row, to, to_row)
    }
    #[inline(always)]
    unsafe fn call<F: Fn(usize)>(f: &F, part: usize) {
        call_avx2(f, part)
    }
    #[inline(always)]
    unsafe fn multiply(product: &Product) {
        multiply_avx2(product)
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn call_avx2<F: Fn(usize)>(f: &F, part: usize) {
    f(part)
}

#[target_feature(enable = "avx2,fma")]
unsafe fn multiply_avx2(product: &Product) {
    multiply::<Avx2>(product)
}
