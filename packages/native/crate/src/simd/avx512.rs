//! AVX-512: 16 lanes and 32 registers.
use super::Simd;
use crate::kernels::gemm::{multiply, multiply_by, Product};
use crate::kernels::strip::Arithmetic;
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Avx512(__m512);

#[inline(always)]
fn first(count: usize) -> __mmask16 {
    ((1u32 << count) - 1) as __mmask16
}

impl Simd for Avx512 {
    type Mask = __mmask16;
    const LANES: usize = 16;
    const TILE_ROWS: usize = 14;
    const WIDE: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(_mm512_set1_ps(value))
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(_mm512_loadu_ps(from))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        _mm512_storeu_ps(to, self.0)
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        Self(_mm512_maskz_loadu_ps(first(count), from))
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        _mm512_mask_storeu_ps(to, first(count), self.0)
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(_mm512_add_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(_mm512_sub_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(_mm512_mul_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(_mm512_div_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        Self(_mm512_fmadd_ps(self.0, b.0, c.0))
    }
    #[inline(always)]
    unsafe fn min(self, bound: Self) -> Self {
        // The instruction returns its second operand if one is NaN.
        Self(_mm512_min_ps(bound.0, self.0))
    }
    #[inline(always)]
    unsafe fn max(self, bound: Self) -> Self {
        Self(_mm512_max_ps(bound.0, self.0))
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(_mm512_sqrt_ps(self.0))
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0))
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127));
        Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent)))
    }
    #[inline(always)]
    unsafe fn gt(self, other: Self) -> __mmask16 {
        _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, other.0)
    }
    #[inline(always)]
    unsafe fn eq(self, other: Self) -> __mmask16 {
        _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0)
    }
    #[inline(always)]
    unsafe fn is_nan(self) -> __mmask16 {
        _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0)
    }
    #[inline(always)]
    unsafe fn any(mask: __mmask16) -> bool {
        mask != 0
    }
    #[inline(always)]
    unsafe fn select(mask: __mmask16, yes: Self, no: Self) -> Self {
        Self(_mm512_mask_blend_ps(mask, no.0, yes.0))
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        _mm512_reduce_add_ps(self.0)
    }
    #[inline(always)]
    unsafe fn highest(self) -> f32 {
        _mm512_reduce_max_ps(self.0)
    }
    #[inline(always)]
    unsafe fn transpose4(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        super::avx2::transpose4(from, from_row, to, to_row)
    }
    #[inline(always)]
    unsafe fn call<F: Fn(usize)>(f: &F, part: usize) {
        call_avx512(f, part)
    }
    #[inline(always)]
    unsafe fn multiply(product: &Product) {
        multiply_avx512(product)
    }
    #[inline(always)]
    unsafe fn multiply_bfloat16(product: &Product) {
        multiply_avx512_bfloat16(product)
    }
    #[inline(always)]
    unsafe fn join_bfloat16(low: Self, high: Self) -> Self {
        let halves = |v: Self| _mm512_cvtepu16_epi32(std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(v.0)));
        Self(_mm512_castsi512_ps(_mm512_or_si512(halves(low), _mm512_slli_epi32::<16>(halves(high)))))
    }
    #[inline(always)]
    unsafe fn narrow_bfloat16(first: Self, second: Self) -> Self {
        Self(std::mem::transmute::<__m512bh, __m512>(_mm512_cvtne2ps_pbh(second.0, first.0)))
    }
    #[inline(always)]
    unsafe fn round_bfloat16(self) -> Self {
        let bits = _mm512_castps_si512(self.0);
        let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
        let rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
        let kept = _mm512_and_si512(rounded, _mm512_set1_epi32(!0xffff));
        Self::select(self.is_nan(), self, Self(_mm512_castsi512_ps(kept)))
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
unsafe fn call_avx512<F: Fn(usize)>(f: &F, part: usize) {
    f(part)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
unsafe fn multiply_avx512(product: &Product) {
    multiply::<Avx512>(product)
}

/// A unit is two bfloat16 values, whose products are added to one float32. Like the processor's rounding to bfloat16, ties to even,
/// the instruction takes subnormals for 0.
struct Bfloat16;

impl Arithmetic<Avx512> for Bfloat16 {
    const VALUES: usize = 2;
    #[inline(always)]
    unsafe fn multiply_add(a: Avx512, b: Avx512, sum: Avx512) -> Avx512 {
        let halves = |v: __m512| std::mem::transmute::<__m512, __m512bh>(v);
        Avx512(_mm512_dpbf16_ps(sum.0, halves(a.0), halves(b.0)))
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
unsafe fn multiply_avx512_bfloat16(product: &Product) {
    multiply_by::<Avx512, Bfloat16>(product)
}
