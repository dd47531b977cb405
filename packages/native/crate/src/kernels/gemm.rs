//! Matrix product C[m,n] = A·B or C += A·B, with A and B each as stored or transposed. B is packed into panels as wide as a
//! register tile, or read in place where few tiles read it. A is read in place, unless its rows would compete for the same lines
//! of the cache, it consists of patches, or its values become bfloat16.
use super::finish::Finish;
use super::pack::{copy_rows, pair_columns, pair_rows, transpose};
use super::patches::{write_patches, Sizes};
use super::strip::{Arithmetic, Float32, Strip, COLUMNS_OF_A, PACKED, ROWS_OF_A};
use crate::heap::{Args, Scratch};
use crate::simd::Simd;
use crate::team::{add_parts, each_part, fixed_parts, parts_for, share, threads, PRODUCTS_PER_FLOAT};
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

/// Results of a product whose depth is divided: fewer than a part's sums repay to add up.
const FEW_RESULTS: usize = 1 << 14;
/// Least depth of a part.
const LEAST_DEPTH: usize = 4 * DEPTH;

/// The left operand.
#[derive(Clone, Copy)]
pub enum Left<'a> {
    /// A matrix, and its floats per stored row.
    Stored(*const f32, usize),
    /// The patches of images [n,h,w,c]; transposed, their columns.
    Patches(*const f32, &'a Sizes),
}

/// The part of a product's rows, columns or depth from the first number to before the second one, or to the end.
pub type Range = (usize, usize);
const ALL: Range = (0, usize::MAX);

/// One product. The floats per stored row of B and C are `ldb` and `ldc`.
#[derive(Clone, Copy)]
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
    /// The part that is computed.
    pub rows: Range,
    /// It begins at a multiple of two vectors.
    pub columns: Range,
    pub depth: Range,
}

impl Default for Product<'_> {
    fn default() -> Self {
        let (b, c) = (std::ptr::null(), std::ptr::null_mut());
        let a = Left::Stored(b, 0);
        let (trans_a, trans_b, accumulate, packed) = (false, false, false, false);
        let (m, n, k, ldb, ldc) = (0, 0, 0, 0, 0);
        Self {
            trans_a,
            trans_b,
            m,
            n,
            k,
            a,
            b,
            ldb,
            c,
            ldc,
            accumulate,
            packed,
            finish: Finish::NOTHING,
            rows: ALL,
            columns: ALL,
            depth: ALL,
        }
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
    let product = read(args);
    multiply_on_threads::<S>(&product, false, args.flag());
    0.0
}

/// The same with inputs rounded to bfloat16 and float32 sums, on processors that have the instructions.
#[inline(always)]
pub unsafe fn gemm_bfloat16<S: Simd>(args: &mut Args) -> f64 {
    multiply_on_threads::<S>(&read(args), true, true);
    0.0
}

/// The native kernels have scratch memory of their own.
#[inline(always)]
pub unsafe fn gemm_scratch_bytes<S: Simd>(_: &mut Args) -> f64 {
    16.0
}

/// Computes a product on the team's threads. Its bits do not depend on their number. `ordered`: every sum runs in the same order for
/// any sizes; a product with something to finish must be.
#[inline(always)]
pub unsafe fn multiply_on_threads<S: Simd>(p: &Product, bfloat16: bool, ordered: bool) {
    let work = p.m * p.n * p.k / PRODUCTS_PER_FLOAT;
    if !ordered && p.m * p.n <= FEW_RESULTS {
        let parts = fixed_parts(p.k / LEAST_DEPTH, work);
        if parts > 1 {
            let mut scratch = Scratch::new(parts * p.m * p.n);
            let sums = scratch.at();
            each_part::<S, _>(
                parts,
                #[inline(always)]
                |part| {
                    let c = sums.add(part * p.m * p.n);
                    let depth = share(p.k, 2 * DEPTH, part, parts);
                    multiply_as::<S>(bfloat16, &Product { c, ldc: p.n, accumulate: false, depth, ..*p });
                },
            );
            add_parts(sums, p.m * p.n, parts, p.m * p.n, sums);
            for row in 0..p.m {
                add_row::<S>(sums.add(row * p.n), p.n, p.accumulate, p.c.add(row * p.ldc));
            }
            return;
        }
    }
    let (parts, by_rows) = divide::<S>(p, parts_for(threads(), work));
    each_part::<S, _>(
        parts,
        #[inline(always)]
        |part| {
            if by_rows {
                multiply_as::<S>(bfloat16, &Product { rows: share(p.m, row_unit::<S>(p, parts), part, parts), ..*p });
            } else {
                multiply_as::<S>(bfloat16, &Product { columns: share(p.n, 2 * S::LANES, part, parts), ..*p });
            }
        },
    );
}

#[inline(always)]
pub unsafe fn multiply_as<S: Simd>(bfloat16: bool, p: &Product) {
    if bfloat16 {
        S::multiply_bfloat16(p)
    } else {
        S::multiply(p)
    }
}

/// Rows by which a product is divided: whole register tiles, unless few of them would make the parts uneven.
fn row_unit<S: Simd>(p: &Product, parts: usize) -> usize {
    if p.m >= 8 * parts * S::TILE_ROWS {
        S::TILE_ROWS
    } else {
        4
    }
}

/// Returns into how many parts a product is divided, at most `parts`, and whether by rows. Rows share B, which each part packs. Columns
/// share A, which each part reads or stages.
fn divide<S: Simd>(p: &Product, parts: usize) -> (usize, bool) {
    let (rows, columns) = (p.m.div_ceil(row_unit::<S>(p, parts)), p.n.div_ceil(2 * S::LANES));
    let staging = if matches!(p.a, Left::Patches(..)) { 4 } else { 1 };
    let by_rows = if rows.min(columns) < parts { rows >= columns } else { 2 * p.n <= staging * p.m };
    (parts.min(if by_rows { rows } else { columns }).max(1), by_rows)
}

/// to = from, or to += from.
#[inline(always)]
unsafe fn add_row<S: Simd>(from: *const f32, count: usize, accumulate: bool, to: *mut f32) {
    let mut i = 0;
    while i < count {
        let mut sum = S::load_n(from.add(i), count - i);
        if accumulate {
            sum = sum.add(S::load_n(to.add(i), count - i));
        }
        sum.store_n(to.add(i), count - i);
        i += S::LANES;
    }
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
            for i in p.rows.0..p.rows.1.min(p.m) {
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
    let (last_row, last_column, last_depth) = (p.rows.1.min(p.m), p.columns.1.min(p.n), p.depth.1.min(p.k));
    let mut j0 = p.columns.0;
    while j0 < last_column {
        let columns = COLUMNS.min(last_column - j0);
        let mut p0 = p.depth.0;
        while p0 < last_depth {
            let values = (DEPTH * M::VALUES).min(last_depth - p0);
            let depth = values.div_ceil(M::VALUES);
            if packs {
                pack_b::<S>(p, pairs, p0, values, j0, columns, panels);
            }
            let mut i0 = p.rows.0;
            while i0 < last_row {
                let rows = ROWS.min(last_row - i0);
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
                        add: p.accumulate || p0 > p.depth.0,
                        of: PhantomData,
                    };
                    match layout {
                        COLUMNS_OF_A => strip.run::<COLUMNS_OF_A>(a, lda),
                        PACKED => strip.run::<PACKED>(a, lda),
                        _ => strip.run::<ROWS_OF_A>(a, lda),
                    }
                    if p0 + values == last_depth {
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
