//! Matrix product C[m,n] = A·B or C += A·B, with A and B each as stored or transposed. A register tile of several rows and two
//! vectors of columns moves down the rows of A. B is packed into panels as wide as a tile, or read in place where few tiles
//! read it. A is packed only if its rows would compete for the same lines of the cache.
use crate::heap::{Args, Scratch};
use crate::simd::Simd;

/// Depth of a block: a panel of this depth and two vectors fits in the first-level cache. The WebAssembly kernel has the same
/// blocks, so that ordered sums agree.
const DEPTH: usize = 256;
/// Rows of A that stay in the second-level cache while the panels pass.
const ROWS: usize = 168;
/// Columns of B that are packed at a time.
const COLUMNS: usize = 512;

/// One product. The floats per stored row are `lda`, `ldb` and `ldc`.
pub struct Product {
    pub trans_a: bool,
    pub trans_b: bool,
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a: *const f32,
    pub lda: usize,
    pub b: *const f32,
    pub ldb: usize,
    pub c: *mut f32,
    pub ldc: usize,
    pub accumulate: bool,
}

#[inline(always)]
pub unsafe fn gemm<S: Simd>(args: &mut Args) -> f64 {
    let product = Product {
        trans_a: args.flag(),
        trans_b: args.flag(),
        m: args.size(),
        n: args.size(),
        k: args.size(),
        a: args.floats(),
        lda: args.size(),
        b: args.floats(),
        ldb: args.size(),
        c: args.floats(),
        ldc: args.size(),
        accumulate: args.flag(),
    };
    S::multiply(&product);
    0.0
}

/// The native kernels have scratch memory of their own.
#[inline(always)]
pub unsafe fn gemm_scratch_bytes<S: Simd>(_: &mut Args) -> f64 {
    16.0
}

#[inline(always)]
pub unsafe fn multiply<S: Simd>(p: &Product) {
    if p.k == 0 {
        if !p.accumulate {
            for i in 0..p.m {
                std::ptr::write_bytes(p.c.add(i * p.ldc), 0, p.n);
            }
        }
        return;
    }
    let width = 2 * S::LANES;
    // Packing writes and reads B once more, which few rows of A do not repay.
    let in_place = !p.trans_b && p.m <= 2 * S::TILE_ROWS && p.ldb <= 256;
    // Rows that lie a multiple of 2 KiB apart map to two sets of the first-level cache.
    let pack_a = !p.trans_a && p.lda % 512 == 0 && p.n > S::LANES;
    let mut scratch = Scratch::new(if in_place { 0 } else { DEPTH * (COLUMNS + width) });
    let panels = scratch.at();
    let mut scratch_a = Scratch::new(if pack_a { DEPTH * (ROWS + S::TILE_ROWS) } else { 0 });
    let rows_a = scratch_a.at();
    let mut j0 = 0;
    while j0 < p.n {
        let columns = COLUMNS.min(p.n - j0);
        let mut p0 = 0;
        while p0 < p.k {
            let depth = DEPTH.min(p.k - p0);
            let add = p.accumulate || p0 > 0;
            if !in_place {
                pack_b::<S>(p, p0, depth, j0, columns, panels);
            }
            let mut i0 = 0;
            while i0 < p.m {
                let rows = ROWS.min(p.m - i0);
                if pack_a {
                    pack_rows::<S>(p.a.add(i0 * p.lda + p0), p.lda, rows, depth, rows_a);
                }
                let mut j = 0;
                while j < columns {
                    let here = width.min(columns - j);
                    let (b, ldb) = if in_place {
                        (p.b.add(p0 * p.ldb + j0 + j), p.ldb)
                    } else {
                        (panels.add(j * depth) as *const f32, width)
                    };
                    let c = p.c.add(i0 * p.ldc + j0 + j);
                    let strip = Strip { rows, depth, b, ldb, c, ldc: p.ldc, columns: here, add };
                    if p.trans_a {
                        strip.run::<S, COLUMNS_OF_A>(p.a.add(p0 * p.lda + i0), p.lda);
                    } else if pack_a {
                        strip.run::<S, PACKED>(rows_a, 0);
                    } else {
                        strip.run::<S, ROWS_OF_A>(p.a.add(i0 * p.lda + p0), p.lda);
                    }
                    j += width;
                }
                i0 += ROWS;
            }
            p0 += DEPTH;
        }
        j0 += COLUMNS;
    }
}

/// Packs columns [j0, j0 + columns) of rows [p0, p0 + depth) of B into panels, whose last one is padded with zeros.
#[inline(always)]
unsafe fn pack_b<S: Simd>(p: &Product, p0: usize, depth: usize, j0: usize, columns: usize, out: *mut f32) {
    let width = 2 * S::LANES;
    let mut j = 0;
    while j < columns {
        let here = width.min(columns - j);
        let panel = out.add(j * depth);
        if p.trans_b {
            transpose::<S>(p.b.add((j0 + j) * p.ldb + p0), p.ldb, here, depth, panel, width);
        } else {
            let from = p.b.add(p0 * p.ldb + j0 + j);
            for row in 0..depth {
                let (from, to) = (from.add(row * p.ldb), panel.add(row * width));
                S::load_n(from, here).store(to);
                let rest = here.saturating_sub(S::LANES);
                S::load_n(from.add(if rest > 0 { S::LANES } else { 0 }), rest).store(to.add(S::LANES));
            }
        }
        j += width;
    }
}

/// Packs rows of A into groups of a tile's height, one column after another.
#[inline(always)]
unsafe fn pack_rows<S: Simd>(a: *const f32, lda: usize, rows: usize, depth: usize, out: *mut f32) {
    let mut i = 0;
    while i < rows {
        let here = S::TILE_ROWS.min(rows - i);
        transpose::<S>(a.add(i * lda), lda, here, depth, out.add(i * depth), here);
        i += here;
    }
}

/// Transposes `count` rows of `depth` floats: out[p·step + i] = from[i·row + p]. Places from count to step become 0.
#[inline(always)]
unsafe fn transpose<S: Simd>(from: *const f32, row: usize, count: usize, depth: usize, out: *mut f32, step: usize) {
    if count < step {
        std::ptr::write_bytes(out, 0, depth * step);
    }
    let mut i = 0;
    while i + 4 <= count {
        let from = from.add(i * row);
        let mut p = 0;
        while p + 4 <= depth {
            S::transpose4(from.add(p), row, out.add(p * step + i), step);
            p += 4;
        }
        while p < depth {
            for q in 0..4 {
                *out.add(p * step + i + q) = *from.add(q * row + p);
            }
            p += 1;
        }
        i += 4;
    }
    while i < count {
        for p in 0..depth {
            *out.add(p * step + i) = *from.add(i * row + p);
        }
        i += 1;
    }
}

/// Ways in which the rows of A are stored.
const ROWS_OF_A: u8 = 0;
const COLUMNS_OF_A: u8 = 1;
const PACKED: u8 = 2;

/// The rows of C in one panel's columns.
struct Strip {
    rows: usize,
    depth: usize,
    b: *const f32,
    ldb: usize,
    c: *mut f32,
    ldc: usize,
    columns: usize,
    add: bool,
}

impl Strip {
    #[inline(always)]
    unsafe fn run<S: Simd, const LAYOUT: u8>(&self, a: *const f32, lda: usize) {
        if self.columns > S::LANES {
            self.run_wide::<S, LAYOUT, 2>(a, lda)
        } else {
            self.run_wide::<S, LAYOUT, 1>(a, lda)
        }
    }

    #[inline(always)]
    unsafe fn run_wide<S: Simd, const LAYOUT: u8, const V: usize>(&self, a: *const f32, lda: usize) {
        let mut i = 0;
        while i < self.rows {
            let left = self.rows - i;
            // Packed groups are as high as a tile; the last one is as high as what is left.
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
                (14, 14..) => self.tile::<S, LAYOUT, V, 14>(i, from, step),
                (12, 12..) => self.tile::<S, LAYOUT, V, 12>(i, from, step),
                (10.., 8..) => self.tile::<S, LAYOUT, V, 8>(i, from, step),
                (6, 6..) => self.tile::<S, LAYOUT, V, 6>(i, from, step),
                (_, 4..) => self.tile::<S, LAYOUT, V, 4>(i, from, step),
                (_, 2..) => self.tile::<S, LAYOUT, V, 2>(i, from, step),
                _ => self.tile::<S, LAYOUT, V, 1>(i, from, step),
            };
        }
    }

    /// Computes R rows of C and returns R. Full columns are loaded without masks.
    #[inline(always)]
    unsafe fn tile<S: Simd, const LAYOUT: u8, const V: usize, const R: usize>(
        &self,
        i: usize,
        a: *const f32,
        step: usize,
    ) -> usize {
        if self.columns == V * S::LANES {
            self.sums::<S, LAYOUT, V, R, false>(i, a, step);
        } else {
            self.sums::<S, LAYOUT, V, R, true>(i, a, step);
        }
        R
    }

    #[inline(always)]
    unsafe fn sums<S: Simd, const LAYOUT: u8, const V: usize, const R: usize, const PART: bool>(
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
                    sums[r][v] = s.fma(bs[v], sums[r][v]);
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
