// Convolutions of the inference path with packed weights. A bias, another tensor and an activation are applied while the values
// are in cache.
import { finishRows } from './finish';
import { downRows } from './gemm';
import { im2col } from './im2col';

/** Depth of a block, as in gemm. */
const KB: i32 = 256;
/** Rows whose patches stay in cache while the panels pass. */
const ROWS: i32 = 64;
/** Columns of a panel. */
const WIDTH: i32 = 8;

/** Columns of a panel of packed weights. */
export function panelWidth(): i32 {
  return WIDTH;
}

/** Returns the bytes of scratch memory for patches of `patch` floats. */
export function convFusedScratchBytes(patch: i32): i32 {
  return ROWS * patch * 4;
}

/**
 * y[n,oh,ow,channels] = activation(convolution + bias + added) of x[n,h,w,c] with packed weights: panels of `panelWidth` columns
 * of the matrix [kh·kw·c, channels], the last one padded with zeros. bias, added and slope may be null; code selects the activation.
 */
export function convFused(
  x: usize, n: i32, h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32, padTop: i32, padLeft: i32, oh: i32, ow: i32,
  weights: usize, channels: i32, bias: usize, code: i32, slope: usize, added: usize, y: usize, scratch: usize,
): void {
  const isPointwise = kh == 1 && kw == 1 && sh == 1 && sw == 1 && padTop == 0 && padLeft == 0;
  const m = n * oh * ow;
  const k = kh * kw * c;
  const rowA = <usize>k << 2;
  const rowC = <usize>channels << 2;
  for (let i0 = 0; i0 < m; i0 += ROWS) {
    const rows = min(ROWS, m - i0);
    let a = scratch;
    if (isPointwise) a = x + <usize>i0 * rowA;
    else im2col(x, h, w, c, kh, kw, sh, sw, padTop, padLeft, oh, ow, i0, i0 + rows, scratch);
    const to = y + <usize>i0 * rowC;
    // The rows' patches stay in the second-level cache if they are short; longer ones pass in blocks of the depth.
    for (let p0 = 0; p0 < k; p0 += KB) {
      const kb = min(KB, k - p0);
      for (let j = 0; j < channels; j += WIDTH) {
        const panel = weights + (<usize>j * <usize>k << 2) + (<usize>p0 << 5);
        downRows(
          a + (<usize>p0 << 2), rowA, kb, panel, 32, to + (<usize>j << 2), rowC, rows, min(WIDTH, channels - j), i32(p0 > 0),
        );
      }
    }
    finishRows(to, rows, channels, bias, code, slope, added ? added + <usize>i0 * rowC : 0);
  }
}
