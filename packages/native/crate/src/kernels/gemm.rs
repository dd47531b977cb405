//! Matrix product C[m,n] = A·B or C += A·B, with A and B each as stored or transposed. B is packed into panels as wide as a
//! register tile, or read in place where few tiles read it. A is read in place, unless its rows would compete for the same lines
//! of the cache, it consists of patches, or its values become bfloat16.
use super::finish::Finish;
use super::pack::{copy_rows, pair_columns, pair_rows, transpose};
use super::patches::{write_patches, Sizes};
use super::strip::{Arithmetic, Float32, Strip, COLUMNS_OF_A, PACKED, ROWS_OF_A};
use crate::heap::{Args, Scratch};
use crate::simd::Simd;
use std::marker::PhantomData;

/// Units of depth in a block: a panel of this depth and two vectors fits in the first-level cache. The WebAssembly kernel has
/// the same blocks of float32, so that ordered sums agree.
const DEPTH: usize = 256;
/// Rows of A that stay in the second-level cache while the panels pass.
const ROWS: usize = 168;
/// Columns of B that are packed at a time.
const COLUMNS: usize = 512;
/// Floats from one staged row to the next, so that the rows do not compete for the same lines of the cache.
const STEP: usize = DEPTH + 16;

/// The left operand.
pub enum Left<'a> {
    /// A matrix, and its floats per stored row.
    Stored(*const f32, usize),
    /// The patches of images [n,h,w,c]; transposed, their columns.
    Patches(*const f32, &'a Sizes),
}

/// One product. The floats per stored row of B and C are `ldb` and `ldc`.
pub struct Product<'a> {
    pub trans_a: bool,
    pub trans_b: bool,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a: Left<'a>,
    pub b: *const f32,
    pub ldb: usize,
    pub c: *mut f32,
    pub ldc: usize,
    pub accumulate: bool,
    /// Whether B is stored in panels of two vectors of columns, each of depth k, the last one padded with zeros.
    pub packed: bool,
    /// What is applied to C after the sums.
    pub finish: Finish,
}

impl Default for Product<'_> {
    fn default() -> Self {
        let (b, c) = (std::ptr::null(), std::ptr::null_mut());
        let a = Left::Stored(b, 0);
        let (trans_a, trans_b, accumulate, packed) = (false, false, false, false);
        let (m, n, k, ldb, ldc) = (0, 0, 0, 0, 0);
        Self { trans_a, trans_b, m, n, k, a, b, ldb, c, ldc, accumulate, packed, finish: Finish::NOTHING }
    }
}

unsafe fn read(args: &mut Args) -> Product<'static> {
    let (trans_a, trans_b) = (args.flag(), args.flag());
    let (m, n, k) = (args.size(), args.size(), args.size());
    let a = Left::Stored(args.floats(), args.size());
    let (b, ldb, c, ldc) = (args.floats(), args.size(), args.floats(), args.size());
    Product { trans_a, trans_b, m, n, k, a, b, ldb, c, ldc, accumulate: args.flag(), ..Product::default() }
}

#[inline(always)]
pub unsafe fn gemm<S: Simd>(args: &mut Args) -> f64 {
    S::multiply(&read(args));
    0.0
}

/// The same with inputs rounded to bfloat16 and float32 sums, on processors that have the instructions.
#[inline(always)]
pub unsafe fn gemm_bfloat16<S: Simd>(args: &mut Args) -> f64 {
    S::multiply_bfloat16(&read(args));
    0.0
}

/// The native kernels have scratch memory of their own.
#[inline(always)]
pub unsafe fn gemm_scratch_bytes<S: Simd>(_: &mut Args) -> f64 {
    16.0
}

/// Computes a product in float32.
#[inline(always)]
pub unsafe fn multiply<S: Simd>(p: &Product) {
    multiply_by::<S, Float32>(p)
}

/// Computes a product with the given arithmetic.
#[inline(always)]
pub unsafe fn multiply_by<S: Simd, M: Arithmetic<S>>(p: &Product) {
    if p.k == 0 {
        if !p.accumulate {
            for i in 0..p.m {
                std::ptr::write_bytes(p.c.add(i * p.ldc), 0, p.n);
            }
        }
        return;
    }
    let width = 2 * S::LANES;
    let pairs = M::VALUES == 2;
    // Packing writes and reads B once more, which few rows of A do not repay.
    let in_place = !p.packed && !pairs && !p.trans_b && p.m <= 2 * S::TILE_ROWS && p.ldb <= 256;
    let packs = !p.packed && !in_place;
    let mut scratch_b = Scratch::new(if !packs { 0 } else { DEPTH * (COLUMNS + width) });
    let panels = scratch_b.at();
    let mut staging = Staging::new::<S>(p, pairs);
    let mut j0 = 0;
    while j0 < p.n {
        let columns = COLUMNS.min(p.n - j0);
        let mut p0 = 0;
        while p0 < p.k {
            let values = (DEPTH * M::VALUES).min(p.k - p0);
            let depth = values.div_ceil(M::VALUES);
            if packs {
                pack_b::<S>(p, pairs, p0, values, j0, columns, panels);
            }
            let mut i0 = 0;
            while i0 < p.m {
                let rows = ROWS.min(p.m - i0);
                let (layout, a, lda) = staging.stage::<S>(p, pairs, i0, rows, p0, values);
                let mut j = 0;
                while j < columns {
                    let (b, ldb) = if p.packed {
                        (p.b.add((j0 + j) * p.k + p0 * width), width)
                    } else if in_place {
                        (p.b.add(p0 * p.ldb + j0 + j), p.ldb)
                    } else {
                        (panels.add(j * depth) as *const f32, width)
                    };
                    let strip = Strip::<S, M> {
                        rows,
                        depth,
                        b,
                        ldb,
                        c: p.c.add(i0 * p.ldc + j0 + j),
                        ldc: p.ldc,
                        columns: width.min(columns - j),
                        add: p.accumulate || p0 > 0,
                        of: PhantomData,
                    };
                    match layout {
                        COLUMNS_OF_A => strip.run::<COLUMNS_OF_A>(a, lda),
                        PACKED => strip.run::<PACKED>(a, lda),
                        _ => strip.run::<ROWS_OF_A>(a, lda),
                    }
                    if p0 + values == p.k {
                        p.finish.apply::<S>(strip.c, p.ldc, i0, rows, j0 + j, strip.columns);
                    }
                    j += width;
                }
                i0 += ROWS;
            }
            p0 += values;
        }
        j0 += COLUMNS;
    }
}

/// Packs columns [j0, j0 + columns) of rows [p0, p0 + values) of B into panels, whose last one is padded with zeros.
#[inline(always)]
unsafe fn pack_b<S: Simd>(p: &Product, pairs: bool, p0: usize, values: usize, j0: usize, columns: usize, out: *mut f32) {
    let width = 2 * S::LANES;
    let depth = if pairs { values.div_ceil(2) } else { values };
    let mut joined = Scratch::new(if pairs && p.trans_b { width * STEP } else { 0 });
    let mut j = 0;
    while j < columns {
        let here = width.min(columns - j);
        let panel = out.add(j * depth);
        if p.trans_b {
            let from = p.b.add((j0 + j) * p.ldb + p0);
            if pairs {
                pair_columns::<S>(from, p.ldb, values, here, joined.at(), STEP);
                transpose::<S>(joined.at(), STEP, here, depth, panel, width);
            } else {
                transpose::<S>(from, p.ldb, here, depth, panel, width);
            }
        } else {
            let from = p.b.add(p0 * p.ldb + j0 + j);
            if pairs {
                pair_rows::<S>(from, p.ldb, here, values, panel, width);
            } else {
                copy_rows::<S>(from, p.ldb, here, depth, panel);
            }
        }
        j += width;
    }
}

/// Scratch memory for blocks of A that are not read in place.
struct Staging {
    packs: bool,
    floats: Scratch,
    joined: Scratch,
}

impl Staging {
    #[inline(always)]
    fn new<S: Simd>(p: &Product, pairs: bool) -> Self {
        // Rows that lie a multiple of 2 KiB apart map to two sets of the first-level cache.
        let packs = match p.a {
            Left::Stored(_, lda) => !pairs && !p.trans_a && lda % 512 == 0 && p.n > S::LANES,
            Left::Patches(..) => true,
        };
        // Twice the depth for pairs.
        let floats = if packs { 2 * (ROWS + S::TILE_ROWS) * STEP } else { 0 };
        let joined = if pairs { ROWS * STEP } else { 0 };
        Self { packs, floats: Scratch::new(floats), joined: Scratch::new(joined) }
    }

    /// Returns how rows [i0, i0 + rows) of A are stored for columns [p0, p0 + values), where, and the step between them.
    #[inline(always)]
    unsafe fn stage<S: Simd>(
        &mut self,
        p: &Product,
        pairs: bool,
        i0: usize,
        rows: usize,
        p0: usize,
        values: usize,
    ) -> (u8, *const f32, usize) {
        let staged = self.floats.at();
        let (a, lda) = match p.a {
            Left::Stored(a, lda) if p.trans_a => (a.add(p0 * lda + i0), lda),
            Left::Stored(a, lda) => (a.add(i0 * lda + p0), lda),
            Left::Patches(x, s) if p.trans_a => {
                write_patches::<S, true>(x, s, p0, values, i0, rows, staged, ROWS);
                (staged as *const f32, ROWS)
            }
            Left::Patches(x, s) => {
                let step = 2 * STEP;
                write_patches::<S, true>(x, s, i0, rows, p0, values, staged, step);
                (staged as *const f32, step)
            }
        };
        if pairs {
            let joined = self.joined.at();
            if p.trans_a {
                // Whole vectors: the places past the last row are written, too.
                let step = rows.next_multiple_of(S::LANES);
                pair_rows::<S>(a, lda, rows, values, joined, step);
                return (COLUMNS_OF_A, joined, step);
            }
            pair_columns::<S>(a, lda, values, rows, joined, STEP);
            return (ROWS_OF_A, joined, STEP);
        }
        match p.a {
            _ if p.trans_a => (COLUMNS_OF_A, a, lda),
            Left::Stored(..) if self.packs => {
                let mut i = 0;
                while i < rows {
                    let here = S::TILE_ROWS.min(rows - i);
                    transpose::<S>(a.add(i * lda), lda, here, values, staged.add(i * values), here);
                    i += here;
                }
                (PACKED, staged, 0)
            }
            _ => (ROWS_OF_A, a, lda),
        }
    }
}
