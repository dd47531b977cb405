//! The innermost loops of a product: the rows of C in two vectors of columns, one register tile below another.
use crate::simd::Simd;
use std::marker::PhantomData;

/// The arithmetic of a product, whose operands are 32-bit units.
pub trait Arithmetic<S: Simd> {
    /// Values of k in a unit.
    const VALUES: usize;
    /// a·b + sum for each lane.
    unsafe fn multiply_add(a: S, b: S, sum: S) -> S;
}

/// A unit is a float32.
pub struct Float32;

impl<S: Simd> Arithmetic<S> for Float32 {
    const VALUES: usize = 1;
    #[inline(always)]
    unsafe fn multiply_add(a: S, b: S, sum: S) -> S {
        a.fma(b, sum)
    }
}

/// Ways in which the rows of A are stored.
pub const ROWS_OF_A: u8 = 0;
pub const COLUMNS_OF_A: u8 = 1;
/// Groups of a tile's height, each stored by columns; the last one is as high as what is left.
pub const PACKED: u8 = 2;

/// The rows of C in one panel's columns. `depth` counts units.
pub struct Strip<S: Simd, M: Arithmetic<S>> {
    pub rows: usize,
    pub depth: usize,
    pub b: *const f32,
    pub ldb: usize,
    pub c: *mut f32,
    pub ldc: usize,
    pub columns: usize,
    pub add: bool,
    pub of: PhantomData<(S, M)>,
}

impl<S: Simd, M: Arithmetic<S>> Strip<S, M> {
    #[inline(always)]
    pub unsafe fn run<const LAYOUT: u8>(&self, a: *const f32, lda: usize) {
        if self.columns > S::LANES {
            self.run_wide::<LAYOUT, 2>(a, lda)
        } else {
            self.run_wide::<LAYOUT, 1>(a, lda)
        }
    }

    #[inline(always)]
    unsafe fn run_wide<const LAYOUT: u8, const V: usize>(&self, a: *const f32, lda: usize) {
        let mut i = 0;
        while i < self.rows {
            let left = self.rows - i;
            let group = S::TILE_ROWS.min(self.rows - i / S::TILE_ROWS * S::TILE_ROWS);
            let from = match LAYOUT {
                ROWS_OF_A => a.add(i * lda),
                COLUMNS_OF_A => a.add(i),
                _ => {
                    let inside = i % S::TILE_ROWS;
                    a.add((i - inside) * self.depth + inside)
                }
            };
            let step = if LAYOUT == PACKED { group } else { lda };
            i += match (S::TILE_ROWS, left) {
                (14, 14..) => self.tile::<LAYOUT, V, 14>(i, from, step),
                (12, 12..) => self.tile::<LAYOUT, V, 12>(i, from, step),
                (10.., 8..) => self.tile::<LAYOUT, V, 8>(i, from, step),
                (6, 6..) => self.tile::<LAYOUT, V, 6>(i, from, step),
                (_, 4..) => self.tile::<LAYOUT, V, 4>(i, from, step),
                (_, 2..) => self.tile::<LAYOUT, V, 2>(i, from, step),
                _ => self.tile::<LAYOUT, V, 1>(i, from, step),
            };
        }
    }

    /// Computes R rows of C and returns R. Full columns are loaded without masks.
    #[inline(always)]
    unsafe fn tile<const LAYOUT: u8, const V: usize, const R: usize>(&self, i: usize, a: *const f32, step: usize) -> usize {
        if self.columns == V * S::LANES {
            self.sums::<LAYOUT, V, R, false>(i, a, step);
        } else {
            self.sums::<LAYOUT, V, R, true>(i, a, step);
        }
        R
    }

    #[inline(always)]
    unsafe fn sums<const LAYOUT: u8, const V: usize, const R: usize, const PART: bool>(
        &self,
        i: usize,
        a: *const f32,
        step: usize,
    ) {
        let last = self.columns - (V - 1) * S::LANES;
        let mut sums = [[S::splat(0.0); V]; R];
        let mut b = self.b;
        let mut at = a;
        for _ in 0..self.depth {
            let mut bs = [S::splat(0.0); V];
            for v in 0..V {
                bs[v] = if PART && v == V - 1 {
                    S::load_first(b.add(v * S::LANES), last)
                } else {
                    S::load(b.add(v * S::LANES))
                };
            }
            for r in 0..R {
                let s = S::splat(*if LAYOUT == ROWS_OF_A { at.add(r * step) } else { at.add(r) });
                for v in 0..V {
                    sums[r][v] = M::multiply_add(s, bs[v], sums[r][v]);
                }
            }
            b = b.add(self.ldb);
            at = at.add(if LAYOUT == ROWS_OF_A { 1 } else { step });
        }
        for r in 0..R {
            let row = self.c.add((i + r) * self.ldc);
            for v in 0..V {
                let to = row.add(v * S::LANES);
                if PART && v == V - 1 {
                    let sum = if self.add { sums[r][v].add(S::load_first(to, last)) } else { sums[r][v] };
                    sum.store_first(to, last);
                } else {
                    let sum = if self.add { sums[r][v].add(S::load(to)) } else { sums[r][v] };
                    sum.store(to);
                }
            }
        }
    }
}
