//! NEON of 64-bit Arm: 4 lanes and 32 registers.
use super::Simd;
use crate::kernels::gemm::{multiply, Product};
use std::arch::aarch64::*;

#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Neon(float32x4_t);

impl Simd for Neon {
    type Mask = uint32x4_t;
    const LANES: usize = 4;
    const TILE_ROWS: usize = 12;
    const WIDE: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(vdupq_n_f32(value))
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(vld1q_f32(from))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        vst1q_f32(to, self.0)
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        let mut lanes = [0f32; 4];
        std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
        Self(vld1q_f32(lanes.as_ptr()))
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        let mut lanes = [0f32; 4];
        vst1q_f32(lanes.as_mut_ptr(), self.0);
        std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(vaddq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(vsubq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(vmulq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(vdivq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn fma(self, b: Self, c: Self) -> Self {
        Self(vfmaq_f32(c.0, self.0, b.0))
    }
    #[inline(always)]
    unsafe fn min(self, bound: Self) -> Self {
        Self::select(self.gt(bound), bound, self)
    }
    #[inline(always)]
    unsafe fn max(self, bound: Self) -> Self {
        Self::select(bound.gt(self), bound, self)
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Self(vsqrtq_f32(self.0))
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        Self(vrndnq_f32(self.0))
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        let exponent = vaddq_s32(vcvtnq_s32_f32(self.0), vdupq_n_s32(127));
        Self(vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent)))
    }
    #[inline(always)]
    unsafe fn gt(self, other: Self) -> uint32x4_t {
        vcgtq_f32(self.0, other.0)
    }
    #[inline(always)]
    unsafe fn eq(self, other: Self) -> uint32x4_t {
        vceqq_f32(self.0, other.0)
    }
    #[inline(always)]
    unsafe fn is_nan(self) -> uint32x4_t {
        vmvnq_u32(vceqq_f32(self.0, self.0))
    }
    #[inline(always)]
    unsafe fn any(mask: uint32x4_t) -> bool {
        vmaxvq_u32(mask) != 0
    }
    #[inline(always)]
    unsafe fn select(mask: uint32x4_t, yes: Self, no: Self) -> Self {
        Self(vbslq_f32(mask, yes.0, no.0))
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        vaddvq_f32(self.0)
    }
    #[inline(always)]
    unsafe fn highest(self) -> f32 {
        vmaxvq_f32(self.0)
    }
    #[inline(always)]
    unsafe fn transpose4(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        for i in 0..4 {
            for j in 0..4 {
                *to.add(i * to_row + j) = *from.add(j * from_row + i);
            }
        }
    }
    #[inline(always)]
    unsafe fn call<F: Fn(usize)>(f: &F, part: usize) {
        call_neon(f, part)
    }
    #[inline(always)]
    unsafe fn multiply(product: &Product) {
        multiply_neon(product)
    }
}

#[target_feature(enable = "neon")]
unsafe fn call_neon<F: Fn(usize)>(f: &F, part: usize) {
    f(part)
}

#[target_feature(enable = "neon")]
unsafe fn multiply_neon(product: &Product) {
    multiply::<Neon>(product)
}
