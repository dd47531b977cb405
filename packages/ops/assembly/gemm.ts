// Matrix product C[m,n] = A·B or C += A·B, with A and B each as stored or transposed. A register tile of 4 rows and 8 columns
// moves down the rows of A, which is read in place. B is packed block by block into panels of eight columns if many tiles
// read it, and read in place otherwise. If B is transposed, a product of few rows and a long depth uses dot products instead.
import { dot, madd, sum4 } from './simd';

/** Columns of B that are packed at a time. */
const NB: i32 = 256;
/** Depth of a packed block: 256 x 256 floats fit in the second-level cache. */
const KB: i32 = 256;
/** Rows of A that stay in cache while the panels pass. */
const MB: i32 = 64;

/** Returns the bytes of scratch memory that gemm needs for any sizes. */
export function gemmScratchBytes(): i32 {
  return NB * KB * 4;
}

/**
 * C[m,n] = A·B, or C += A·B if accumulate is set. A is stored as [m,k], or as [k,m] if transA is set; B as [k,n], or as
 * [n,k] if transB is set. lda, ldb and ldc are the floats per stored row.
 * If ordered is set, every sum runs along k in blocks of 256 for any sizes, as in src/precision/ordered-product.ts.
 */
export function gemm(
  transA: i32, transB: i32, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
  accumulate: i32, ordered: i32, scratch: usize,
): void {
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(c + ((<usize>i * ldc) << 2), 0, <usize>n << 2);
    return;
  }
  // Packing a transposed B costs as much as a few rows of the product.
  if (!ordered && !transA && transB && k >= 32 && m <= 64) {
    dotProducts(m, n, k, a, <usize>lda << 2, b, <usize>ldb << 2, c, <usize>ldc << 2, accumulate);
    return;
  }
  const rowA = <usize>lda << 2;
  const rowB = <usize>ldb << 2;
  const rowC = <usize>ldc << 2;
  // Rows of B that are close together can be read in place; rows far apart map to few sets of the cache.
  const inPlace = !transB && (m <= 16 || ldb == 8) && ldb <= 64;
  for (let j0 = 0; j0 < n; j0 += NB) {
    const nb = min(NB, n - j0);
    const whole = nb & ~7;
    for (let p0 = 0; p0 < k; p0 += KB) {
      const kb = min(KB, k - p0);
      const add = accumulate | i32(p0 > 0);
      const packFrom = inPlace ? whole : 0;
      if (packFrom < nb) pack(b, ldb, transB, p0, kb, j0 + packFrom, nb - packFrom, scratch);
      for (let i0 = 0; i0 < m; i0 += MB) {
        const rows = min(MB, m - i0);
        for (let j = 0; j < nb; j += 8) {
          const direct = j < packFrom;
          const panel = direct
            ? b + <usize>p0 * rowB + (<usize>(j0 + j) << 2)
            : scratch + <usize>((j - packFrom) >> 3) * (<usize>kb << 5);
          const step: usize = direct ? rowB : 32;
          const width = min(8, nb - j);
          const to = c + <usize>i0 * rowC + (<usize>(j0 + j) << 2);
          if (transA) downColumns(a + (<usize>i0 << 2) + <usize>p0 * rowA, rowA, kb, panel, step, to, rowC, rows, width, add);
          else downRows(a + <usize>i0 * rowA + (<usize>p0 << 2), rowA, kb, panel, step, to, rowC, rows, width, add);
        }
      }
    }
  }
}

/** Packs columns [j0, j0 + nb) of rows [p0, p0 + kb) of B into panels of eight columns, the last one padded with zeros. */
function pack(b: usize, ldb: i32, transB: i32, p0: i32, kb: i32, j0: i32, nb: i32, out: usize): void {
  const rowB = <usize>ldb << 2;
  for (let j = 0; j < nb; j += 8) {
    const width = min(8, nb - j);
    if (transB) {
      const from = b + <usize>(j0 + j) * rowB + (<usize>p0 << 2);
      if (width == 8) {
        packTransposed4(from, rowB, kb, out);
        packTransposed4(from + 4 * rowB, rowB, kb, out + 16);
      } else {
        memory.fill(out, 0, <usize>kb << 5);
        for (let jj = 0; jj < width; jj++) {
          for (let p = 0; p < kb; p++) {
            store<f32>(out + (<usize>p << 5) + (jj << 2), load<f32>(from + <usize>jj * rowB + (<usize>p << 2)));
          }
        }
      }
    } else {
      let from = b + <usize>p0 * rowB + (<usize>(j0 + j) << 2);
      let to = out;
      if (width == 8) {
        for (let p = 0; p < kb; p++) {
          v128.store(to, v128.load(from));
          v128.store(to, v128.load(from, 16), 16);
          from += rowB;
          to += 32;
        }
      } else {
        memory.fill(out, 0, <usize>kb << 5);
        for (let p = 0; p < kb; p++) {
          for (let jj = 0; jj < width; jj++) store<f32>(to + (jj << 2), load<f32>(from + (jj << 2)));
          from += rowB;
          to += 32;
        }
      }
    }
    out += <usize>kb << 5;
  }
}

/** Transposes four rows of kb floats into kb groups of four, 32 bytes apart. */
function packTransposed4(from: usize, row: usize, kb: i32, to: usize): void {
  const r1 = row, r2 = 2 * row, r3 = 3 * row;
  let p = 0;
  for (; p + 4 <= kb; p += 4) {
    const v0 = v128.load(from), v1 = v128.load(from + r1), v2 = v128.load(from + r2), v3 = v128.load(from + r3);
    const a = i32x4.shuffle(v0, v1, 0, 4, 1, 5), b = i32x4.shuffle(v2, v3, 0, 4, 1, 5);
    const c = i32x4.shuffle(v0, v1, 2, 6, 3, 7), d = i32x4.shuffle(v2, v3, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(a, b, 0, 2));
    v128.store(to, i64x2.shuffle(a, b, 1, 3), 32);
    v128.store(to, i64x2.shuffle(c, d, 0, 2), 64);
    v128.store(to, i64x2.shuffle(c, d, 1, 3), 96);
    from += 16;
    to += 128;
  }
  for (; p < kb; p++) {
    store<f32>(to, load<f32>(from));
    store<f32>(to, load<f32>(from + r1), 4);
    store<f32>(to, load<f32>(from + r2), 8);
    store<f32>(to, load<f32>(from + r3), 12);
    from += 4;
    to += 32;
  }
}

/** Computes rows of C from A as stored, four rows at a time, each read along k. */
export function downRows(
  a: usize, rowA: usize, kb: i32, panel: usize, step: usize, c: usize, rowC: usize, rows: i32, width: i32, add: i32,
): void {
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    let a0 = a, a1 = a + rowA, a2 = a1 + rowA, a3 = a2 + rowA, b = panel;
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    // Not unrolled by hand: V8 unrolls the loop itself, and spills registers if it is already unrolled.
    for (let p = 0; p < kb; p++) {
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let s = v128.load_splat<f32>(a0);
      c00 = madd(c00, s, b0); c01 = madd(c01, s, b1);
      s = v128.load_splat<f32>(a1);
      c10 = madd(c10, s, b0); c11 = madd(c11, s, b1);
      s = v128.load_splat<f32>(a2);
      c20 = madd(c20, s, b0); c21 = madd(c21, s, b1);
      s = v128.load_splat<f32>(a3);
      c30 = madd(c30, s, b0); c31 = madd(c31, s, b1);
      b += step;
      a0 += 4; a1 += 4; a2 += 4; a3 += 4;
    }
    put(c, c00, c01, width, add);
    put(c + rowC, c10, c11, width, add);
    put(c + 2 * rowC, c20, c21, width, add);
    put(c + 3 * rowC, c30, c31, width, add);
    a += rowA << 2;
    c += rowC << 2;
  }
  for (; i < rows; i++) {
    oneRow(a, 4, kb, panel, step, c, width, add);
    a += rowA;
    c += rowC;
  }
}

/** Computes rows of C from A stored as [k,m], four adjacent columns of A at a time. */
export function downColumns(
  a: usize, rowA: usize, kb: i32, panel: usize, step: usize, c: usize, rowC: usize, rows: i32, width: i32, add: i32,
): void {
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    let at = a, b = panel;
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    for (let p = 0; p < kb; p++) {
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      let s = v128.load_splat<f32>(at);
      c00 = madd(c00, s, b0); c01 = madd(c01, s, b1);
      s = v128.load_splat<f32>(at, 4);
      c10 = madd(c10, s, b0); c11 = madd(c11, s, b1);
      s = v128.load_splat<f32>(at, 8);
      c20 = madd(c20, s, b0); c21 = madd(c21, s, b1);
      s = v128.load_splat<f32>(at, 12);
      c30 = madd(c30, s, b0); c31 = madd(c31, s, b1);
      at += rowA;
      b += step;
    }
    put(c, c00, c01, width, add);
    put(c + rowC, c10, c11, width, add);
    put(c + 2 * rowC, c20, c21, width, add);
    put(c + 3 * rowC, c30, c31, width, add);
    a += 16;
    c += rowC << 2;
  }
  for (; i < rows; i++) {
    oneRow(a, rowA, kb, panel, step, c, width, add);
    a += 4;
    c += rowC;
  }
}

function oneRow(a: usize, next: usize, kb: i32, b: usize, step: usize, c: usize, width: i32, add: i32): void {
  let c0 = f32x4.splat(0), c1 = c0;
  for (let p = 0; p < kb; p++) {
    const s = v128.load_splat<f32>(a);
    c0 = madd(c0, s, v128.load(b));
    c1 = madd(c1, s, v128.load(b, 16));
    b += step;
    a += next;
  }
  put(c, c0, c1, width, add);
}

@inline
function put(c: usize, low: v128, high: v128, width: i32, add: i32): void {
  if (width == 8) {
    if (add) {
      low = f32x4.add(low, v128.load(c));
      high = f32x4.add(high, v128.load(c, 16));
    }
    v128.store(c, low);
    v128.store(c, high, 16);
  } else {
    putPart(c, low, min(width, 4), add);
    if (width > 4) putPart(c + 16, high, width - 4, add);
  }
}

function putPart(c: usize, v: v128, width: i32, add: i32): void {
  putLane(c, f32x4.extract_lane(v, 0), add);
  if (width > 1) putLane(c + 4, f32x4.extract_lane(v, 1), add);
  if (width > 2) putLane(c + 8, f32x4.extract_lane(v, 2), add);
  if (width > 3) putLane(c + 12, f32x4.extract_lane(v, 3), add);
}

@inline
function putLane(c: usize, v: f32, add: i32): void {
  store<f32>(c, add ? load<f32>(c) + v : v);
}

/** C[i,j] = row i of A · row j of B, 4 rows by 2 rows at a time, each pair read along k. */
function dotProducts(
  m: i32, n: i32, k: i32, a: usize, rowA: usize, b: usize, rowB: usize, c: usize, rowC: usize, add: i32,
): void {
  const vector = <usize>(k & ~3) << 2;
  const bytes = <usize>k << 2;
  let j = 0;
  for (; j + 2 <= n; j += 2) {
    const b0 = b + <usize>j * rowB, b1 = b0 + rowB;
    let i = 0;
    for (; i + 4 <= m; i += 4) {
      const a0 = a + <usize>i * rowA, a1 = a0 + rowA, a2 = a1 + rowA, a3 = a2 + rowA;
      let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
      let p: usize = 0;
      for (; p < vector; p += 16) {
        const x = v128.load(b0 + p), y = v128.load(b1 + p);
        let s = v128.load(a0 + p);
        c00 = madd(c00, s, x); c01 = madd(c01, s, y);
        s = v128.load(a1 + p);
        c10 = madd(c10, s, x); c11 = madd(c11, s, y);
        s = v128.load(a2 + p);
        c20 = madd(c20, s, x); c21 = madd(c21, s, y);
        s = v128.load(a3 + p);
        c30 = madd(c30, s, x); c31 = madd(c31, s, y);
      }
      const to = c + <usize>i * rowC + (<usize>j << 2);
      putLane(to, sum4(c00) + tail(a0, b0, p, bytes), add);
      putLane(to + 4, sum4(c01) + tail(a0, b1, p, bytes), add);
      putLane(to + rowC, sum4(c10) + tail(a1, b0, p, bytes), add);
      putLane(to + rowC + 4, sum4(c11) + tail(a1, b1, p, bytes), add);
      putLane(to + 2 * rowC, sum4(c20) + tail(a2, b0, p, bytes), add);
      putLane(to + 2 * rowC + 4, sum4(c21) + tail(a2, b1, p, bytes), add);
      putLane(to + 3 * rowC, sum4(c30) + tail(a3, b0, p, bytes), add);
      putLane(to + 3 * rowC + 4, sum4(c31) + tail(a3, b1, p, bytes), add);
    }
    for (; i < m; i++) {
      const at = a + <usize>i * rowA;
      const to = c + <usize>i * rowC + (<usize>j << 2);
      putLane(to, dot(at, b0, k), add);
      putLane(to + 4, dot(at, b1, k), add);
    }
  }
  if (j < n) {
    for (let i = 0; i < m; i++) {
      putLane(c + <usize>i * rowC + (<usize>j << 2), dot(a + <usize>i * rowA, b + <usize>j * rowB, k), add);
    }
  }
}

@inline
function tail(a: usize, b: usize, from: usize, bytes: usize): f32 {
  let s: f32 = 0;
  for (let p = from; p < bytes; p += 4) s += load<f32>(a + p) * load<f32>(b + p);
  return s;
}
