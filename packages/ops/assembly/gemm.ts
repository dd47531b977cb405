// C[m,n] (+)= A·B, with A and B each as stored or transposed. B is packed block by block into panels of eight
// columns, so that one 4x8 register tile serves every form; A is read in place through a row and a column stride.
import { madd } from './simd';

const NB: i32 = 256; // columns of B packed at a time
const KB: i32 = 256; // depth of a packed block: 256 x 256 floats stay in the second-level cache
const MB: i32 = 64; // rows of A that stay in cache while the panels pass

/** Bytes of scratch that gemm needs, whatever the sizes. */
export function gemmScratchBytes(): i32 {
  return NB * KB * 4;
}

function pack(b: usize, ldb: i32, transB: i32, p0: i32, kb: i32, j0: i32, nb: i32, out: usize): void {
  for (let j = 0; j < nb; j += 8) {
    const width = min(8, nb - j);
    if (transB) {
      for (let jj = 0; jj < 8; jj++) {
        let to = out + (jj << 2);
        if (jj < width) {
          let from = b + ((<usize>(j0 + j + jj) * ldb + p0) << 2);
          for (let p = 0; p < kb; p++) {
            store<f32>(to, load<f32>(from));
            from += 4;
            to += 32;
          }
        } else {
          for (let p = 0; p < kb; p++) {
            store<f32>(to, 0);
            to += 32;
          }
        }
      }
    } else {
      let from = b + ((<usize>p0 * ldb + j0 + j) << 2);
      let to = out;
      const step = <usize>ldb << 2;
      if (width == 8) {
        for (let p = 0; p < kb; p++) {
          v128.store(to, v128.load(from));
          v128.store(to, v128.load(from, 16), 16);
          from += step;
          to += 32;
        }
      } else {
        for (let p = 0; p < kb; p++) {
          for (let jj = 0; jj < 8; jj++) {
            store<f32>(to + (jj << 2), jj < width ? load<f32>(from + (jj << 2)) : 0);
          }
          from += step;
          to += 32;
        }
      }
    }
    out += <usize>kb << 5;
  }
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

function tile4(a: usize, rs: usize, cs: usize, kb: i32, panel: usize, c: usize, ldc: usize, width: i32, add: i32): void {
  let a0 = a;
  let a1 = a + rs;
  let a2 = a1 + rs;
  let a3 = a2 + rs;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  let p = 0;
  for (; p < kb; p++) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    const s0 = v128.load_splat<f32>(a0);
    const s1 = v128.load_splat<f32>(a1);
    const s2 = v128.load_splat<f32>(a2);
    const s3 = v128.load_splat<f32>(a3);
    c00 = madd(c00, s0, b0); c01 = madd(c01, s0, b1);
    c10 = madd(c10, s1, b0); c11 = madd(c11, s1, b1);
    c20 = madd(c20, s2, b0); c21 = madd(c21, s2, b1);
    c30 = madd(c30, s3, b0); c31 = madd(c31, s3, b1);
    panel += 32;
    a0 += cs; a1 += cs; a2 += cs; a3 += cs;
  }
  put(c, c00, c01, width, add);
  put(c + ldc, c10, c11, width, add);
  put(c + 2 * ldc, c20, c21, width, add);
  put(c + 3 * ldc, c30, c31, width, add);
}

function tile1(a: usize, cs: usize, kb: i32, panel: usize, c: usize, width: i32, add: i32): void {
  let c0 = f32x4.splat(0), c1 = c0;
  for (let p = 0; p < kb; p++) {
    const s = v128.load_splat<f32>(a);
    c0 = madd(c0, s, v128.load(panel));
    c1 = madd(c1, s, v128.load(panel, 16));
    panel += 32;
    a += cs;
  }
  put(c, c0, c1, width, add);
}

/**
 * C[m,n] = A·B, or C += A·B when accumulate is set. lda, ldb and ldc count floats a stored row.
 * A is m x k as stored, or k x m when transA; B is k x n as stored, or n x k when transB.
 */
export function gemm(
  transA: i32, transB: i32, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
  accumulate: i32, scratch: usize,
): void {
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(c + ((<usize>i * ldc) << 2), 0, <usize>n << 2);
    return;
  }
  const rs: usize = transA ? 4 : <usize>lda << 2;
  const cs: usize = transA ? <usize>lda << 2 : 4;
  const rowC = <usize>ldc << 2;
  for (let j0 = 0; j0 < n; j0 += NB) {
    const nb = min(NB, n - j0);
    for (let p0 = 0; p0 < k; p0 += KB) {
      const kb = min(KB, k - p0);
      const add = accumulate | i32(p0 > 0);
      pack(b, ldb, transB, p0, kb, j0, nb, scratch);
      for (let i0 = 0; i0 < m; i0 += MB) {
        const end = min(m, i0 + MB);
        let panel = scratch;
        for (let j = 0; j < nb; j += 8) {
          const width = min(8, nb - j);
          let cTile = c + <usize>i0 * rowC + (<usize>(j0 + j) << 2);
          let aTile = a + <usize>i0 * rs + <usize>p0 * cs;
          let i = i0;
          for (; i + 4 <= end; i += 4) {
            tile4(aTile, rs, cs, kb, panel, cTile, rowC, width, add);
            aTile += rs << 2;
            cTile += rowC << 2;
          }
          for (; i < end; i++) {
            tile1(aTile, cs, kb, panel, cTile, width, add);
            aTile += rs;
            cTile += rowC;
          }
          panel += <usize>kb << 5;
        }
      }
    }
  }
}
