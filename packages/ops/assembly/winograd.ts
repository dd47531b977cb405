import { finishRows } from './finish';
import { downColumns, downRows } from './gemm';
import { madd } from './simd';

// Convolutions of 3×3 at stride 1 by Winograd's minimal filtering F(4×4, 3×3). The algorithm is that of "Fast Algorithms for
// Convolutional Neural Networks" by Lavin and Gray. It takes 36 products for 16 outputs instead of 144. Images are divided into tiles
// of 6×6 that overlap by 2. Tiles, filters and outputs are transformed. Between the transforms stand 36 matrix products.
//
// The points are 0, ±11/16, ±3/2 and infinity. With these, and with sums over blocks of 32 channels, the error is about 3 times that of
// the direct product.

const A: f32 = 0.6875;
const B: f32 = 1.5;
const A2: f32 = A * A;
const B2: f32 = B * B;
// 1 / Π(p - q) over the other points q, of p = 0, ±A and ±B.
const SCALE_0: f32 = 1 / (A2 * B2);
const SCALE_A: f32 = 1 / (2 * A2 * (A2 - B2));
const SCALE_B: f32 = 1 / (2 * B2 * (B2 - A2));

/** Positions of a transformed tile. */
const POSITIONS: i32 = 36;
/** Outputs of a tile in each direction. */
const SIDE: i32 = 4;
/** Channels whose products are summed before they are added to other sums. */
const BLOCK: i32 = 32;
/** Tiles that are transformed together. */
const TILES: i32 = 32;
/** Columns of a panel, as in gemm. */
const WIDTH: i32 = 8;
/** Bytes of a position: its values and a cache line, so that positions map to different sets of the cache. */
const IMAGE_PLANE: usize = 4 * TILES * BLOCK + 64;
const SUM_PLANE: usize = 4 * TILES * WIDTH + 64;
/** Bytes of a tile of vectors between its two transforms. */
const HALF: usize = 36 * 16;

/** Transforms six pixels, and writes six vectors `step` bytes apart. */
@inline
function transformPixels(d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, to: usize, step: usize): void {
  const evenA = madd(d4, d2, f32x4.splat(-B2)), oddA = madd(d3, d1, f32x4.splat(-B2));
  const evenB = madd(d4, d2, f32x4.splat(-A2)), oddB = madd(d3, d1, f32x4.splat(-A2));
  v128.store(to, madd(madd(d4, d2, f32x4.splat(-(A2 + B2))), d0, f32x4.splat(A2 * B2)));
  v128.store(to + step, madd(evenA, oddA, f32x4.splat(A)));
  v128.store(to + 2 * step, madd(evenA, oddA, f32x4.splat(-A)));
  v128.store(to + 3 * step, madd(evenB, oddB, f32x4.splat(B)));
  v128.store(to + 4 * step, madd(evenB, oddB, f32x4.splat(-B)));
  v128.store(to + 5 * step, madd(madd(d5, d3, f32x4.splat(-(A2 + B2))), d1, f32x4.splat(A2 * B2)));
}

/** Transforms three taps of a filter, and writes six vectors `step` bytes apart. */
@inline
function transformTaps(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  const evenA = f32x4.mul(madd(g0, g2, f32x4.splat(A2)), f32x4.splat(SCALE_A));
  const evenB = f32x4.mul(madd(g0, g2, f32x4.splat(B2)), f32x4.splat(SCALE_B));
  v128.store(to, f32x4.mul(g0, f32x4.splat(SCALE_0)));
  v128.store(to + step, madd(evenA, g1, f32x4.splat(A * SCALE_A)));
  v128.store(to + 2 * step, madd(evenA, g1, f32x4.splat(-A * SCALE_A)));
  v128.store(to + 3 * step, madd(evenB, g1, f32x4.splat(B * SCALE_B)));
  v128.store(to + 4 * step, madd(evenB, g1, f32x4.splat(-B * SCALE_B)));
  v128.store(to + 5 * step, g2);
}

/** Transforms six sums, `step` bytes apart, to four outputs, and writes them `outStep` bytes apart. */
@inline
function transformSums(from: usize, step: usize, to: usize, outStep: usize): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const sumA = f32x4.add(m1, m2), differenceA = f32x4.sub(m1, m2);
  const sumB = f32x4.add(m3, m4), differenceB = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(v128.load(from), sumA), sumB));
  v128.store(to + outStep, madd(f32x4.mul(differenceA, f32x4.splat(A)), differenceB, f32x4.splat(B)));
  v128.store(to + 2 * outStep, madd(f32x4.mul(sumA, f32x4.splat(A2)), sumB, f32x4.splat(B2)));
  const last = madd(v128.load(from + 5 * step), differenceA, f32x4.splat(A * A2));
  v128.store(to + 3 * outStep, madd(last, differenceB, f32x4.splat(B * B2)));
}

@inline
function tilesOf(size: i32): i32 {
  return (size + SIDE - 1) / SIDE;
}

/**
 * Floats of the transformed filter with which winogradFused computes a convolution of these sizes; 0 if convFused computes it
 * faster. It does not depend on the number of images, so that an image's outputs do not either.
 */
export function transformedFilterFloats(
  h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32, padTop: i32, padLeft: i32, oh: i32, ow: i32, channels: i32,
): i32 {
  if (kh != 3 || kw != 3 || sh != 1 || sw != 1 || c < 16 || channels < 16 || c & 3 || channels & 3) return 0;
  // Multiplications, in whose place the transforms have additions, loads and stores.
  const tiles = <f64>(tilesOf(oh) * tilesOf(ow));
  const pairs = <f64>c * <f64>channels;
  const transforms = tiles * 220 * <f64>(c + channels);
  if (36 * pairs * tiles + transforms >= 0.8 * 9 * pairs * <f64>oh * <f64>ow) return 0;
  return POSITIONS * c * ((channels + WIDTH - 1) & ~(WIDTH - 1));
}

/** Transforms a filter [3,3,c,channels] for winogradFused: panels [panel][position][input channel][column]. */
export function transformFilter(filter: usize, c: i32, channels: i32, out: usize): void {
  const row = <usize>channels << 2;
  const tap = <usize>c * row;
  const position = <usize>c << 5;
  // The taps of one column of the filter become six; they lie in the output's last place until the rows are transformed.
  for (let j = 0; j < channels; j += 4) {
    const panel = out + <usize>(j >> 3) * (<usize>POSITIONS * position) + (<usize>(j & 4) << 2);
    for (let k = 0; k < c; k++) {
      const from = filter + <usize>k * row + (<usize>j << 2);
      const to = panel + (<usize>k << 5);
      for (let x = 0; x < 3; x++) {
        const at = from + <usize>x * tap;
        transformTaps(
          v128.load(at), v128.load(at + 3 * tap), v128.load(at + 6 * tap), to + <usize>x * position, 6 * position,
        );
      }
      for (let y = 0; y < 6; y++) {
        const at = to + <usize>(6 * y) * position;
        transformTaps(v128.load(at), v128.load(at + position), v128.load(at + 2 * position), at, position);
      }
    }
  }
}

/** Returns the bytes of scratch memory of winogradFused for images of c channels. */
export function winogradScratchBytes(c: i32): usize {
  return HALF + <usize>POSITIONS * (SUM_PLANE + <usize>((c + BLOCK - 1) / BLOCK) * IMAGE_PLANE);
}

/**
 * convFused for the sizes for which transformedFilterFloats is not 0, with a transformed filter. NaN and infinities spread to all
 * outputs of a tile. Returns 1 if the sums of all outputs are finite.
 */
export function winogradFused(
  x: usize, n: i32, h: i32, w: i32, c: i32, kh: i32, kw: i32, sh: i32, sw: i32, padTop: i32, padLeft: i32, oh: i32, ow: i32,
  weights: usize, channels: i32, bias: usize, code: i32, slope: usize, added: usize, y: usize, scratch: usize,
): i32 {
  const half = scratch;
  const sums = half + HALF;
  const images = sums + <usize>POSITIONS * SUM_PLANE;
  const across = tilesOf(ow), down = tilesOf(oh);
  const count = n * across * down;
  const position = <usize>c << 5;
  let finite = f32x4.splat(0);
  for (let first = 0; first < count; first += TILES) {
    const tiles = min(TILES, count - first);
    for (let t = 0; t < tiles; t++) {
      const place = first + t;
      const row = place / across;
      transformTile(
        x + (<usize>(row / down * h * w * c) << 2), h, w, c, (row % down) * SIDE - padTop, (place % across) * SIDE - padLeft,
        half, images + (<usize>(t * BLOCK) << 2),
      );
    }
    for (let j = 0; j < channels; j += WIDTH) {
      const panel = weights + <usize>(j >> 3) * (<usize>POSITIONS * position);
      const width = min(WIDTH, channels - j);
      for (let p = 0; p < POSITIONS; p++) {
        for (let k = 0; k < c; k += BLOCK) {
          downRows(
            images + <usize>((k / BLOCK) * POSITIONS + p) * IMAGE_PLANE, BLOCK << 2, min(BLOCK, c - k),
            panel + <usize>p * position + (<usize>k << 5), 32, sums + <usize>p * SUM_PLANE, WIDTH << 2, tiles, width, i32(k > 0),
          );
        }
      }
      for (let t = 0; t < tiles; t++) {
        const place = first + t;
        const row = place / across;
        const oy = (row % down) * SIDE, ox = (place % across) * SIDE;
        const to = y + (<usize>(((row / down * oh + oy) * ow + ox) * channels + j) << 2);
        for (let lane = 0; lane < width; lane += 4) {
          const from = sums + (<usize>(t * WIDTH + lane) << 2);
          for (let i = 0; i < 6; i++) {
            transformSums(from + <usize>i * SUM_PLANE, 6 * SUM_PLANE, half + (<usize>i << 4), 96);
          }
          for (let i = 0; i < min(SIDE, oh - oy); i++) {
            transformSums(half + <usize>(96 * i), 16, half + 24 * 16, 16);
            const line = to + (<usize>(i * ow * channels + lane) << 2);
            for (let q = 0; q < min(SIDE, ow - ox); q++) {
              const value = v128.load(half + <usize>(24 + q) * 16);
              finite = madd(finite, value, f32x4.splat(0));
              v128.store(line + (<usize>(q * channels) << 2), value);
            }
          }
        }
      }
    }
    if (code || bias || added) finishTiles(first, tiles, across, down, oh, ow, channels, bias, code, slope, added, y);
  }
  return i32(v128.any_true(f32x4.ne(finite, finite))) ^ 1;
}

/** Transforms a tile of pixels, whose first one is (iy, ix), to a row of each plane. */
function transformTile(image: usize, h: i32, w: i32, c: i32, iy: i32, ix: i32, half: usize, out: usize): void {
  const rowBytes = w * c << 2;
  for (let ch = 0; ch < c; ch += 4) {
    for (let q = 0; q < 6; q++) {
      const px = ix + q;
      const isInside = px >= 0 && px < w;
      const at = image + <usize>((((iy * w + px) * c) + ch) << 2);
      transformPixels(
        pixel(at, isInside, iy, h), pixel(at + rowBytes, isInside, iy + 1, h), pixel(at + 2 * rowBytes, isInside, iy + 2, h),
        pixel(at + 3 * rowBytes, isInside, iy + 3, h), pixel(at + 4 * rowBytes, isInside, iy + 4, h),
        pixel(at + 5 * rowBytes, isInside, iy + 5, h), half + (<usize>q << 4), 96,
      );
    }
    const to = out + <usize>(ch / BLOCK * POSITIONS) * IMAGE_PLANE + (<usize>(ch & (BLOCK - 1)) << 2);
    for (let r = 0; r < 6; r++) {
      const at = half + <usize>(96 * r);
      transformPixels(
        v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48), v128.load(at, 64), v128.load(at, 80),
        to + <usize>(6 * r) * IMAGE_PLANE, IMAGE_PLANE,
      );
    }
  }
}

@inline
function pixel(at: usize, isInside: bool, row: i32, h: i32): v128 {
  return isInside && row >= 0 && row < h ? v128.load(at) : f32x4.splat(0);
}

/** Applies what follows the sums to the outputs of tiles. */
function finishTiles(
  first: i32, tiles: i32, across: i32, down: i32, oh: i32, ow: i32, channels: i32,
  bias: usize, code: i32, slope: usize, added: usize, y: usize,
): void {
  for (let place = first; place < first + tiles; place++) {
    const row = place / across;
    const oy = (row % down) * SIDE, ox = (place % across) * SIDE;
    for (let i = oy; i < min(oy + SIDE, oh); i++) {
      const at = <usize>(((row / down * oh + i) * ow + ox) * channels) << 2;
      finishRows(y + at, min(SIDE, ow - ox), channels, bias, code, slope, added ? added + at : 0);
    }
  }
}

/** turned[taps,channels,c]: the filter [taps,c,channels] turned by 180 degrees, with its channels exchanged. */
export function turnFilter(filter: usize, taps: i32, c: i32, channels: i32, turned: usize): void {
  const area = <usize>(c * channels) << 2;
  const row = <usize>channels << 2;
  for (let tap = 0; tap < taps; tap++) {
    const from = filter + <usize>tap * area;
    let to = turned + <usize>(taps - 1 - tap) * area;
    for (let j = 0; j < channels; j++) {
      let at = from + (<usize>j << 2);
      for (let i = 0; i < c; i++) {
        store<f32>(to, load<f32>(at));
        at += row;
        to += 4;
      }
    }
  }
}

/** Transforms four values of the output's gradient, and writes six vectors `step` bytes apart: the transpose of transformSums. */
@inline
function transformGradients(y0: v128, y1: v128, y2: v128, y3: v128, to: usize, step: usize): void {
  const evenA = madd(y0, y2, f32x4.splat(A2)), oddA = madd(y1, y3, f32x4.splat(A2));
  const evenB = madd(y0, y2, f32x4.splat(B2)), oddB = madd(y1, y3, f32x4.splat(B2));
  v128.store(to, y0);
  v128.store(to + step, madd(evenA, oddA, f32x4.splat(A)));
  v128.store(to + 2 * step, madd(evenA, oddA, f32x4.splat(-A)));
  v128.store(to + 3 * step, madd(evenB, oddB, f32x4.splat(B)));
  v128.store(to + 4 * step, madd(evenB, oddB, f32x4.splat(-B)));
  v128.store(to + 5 * step, y3);
}

/** Transforms six sums, `step` bytes apart, to three taps, and writes them `outStep` bytes apart: the transpose of transformTaps. */
@inline
function transformTapSums(from: usize, step: usize, to: usize, outStep: usize): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const sumA = f32x4.mul(f32x4.add(m1, m2), f32x4.splat(SCALE_A));
  const sumB = f32x4.mul(f32x4.add(m3, m4), f32x4.splat(SCALE_B));
  const differenceA = f32x4.mul(f32x4.sub(m1, m2), f32x4.splat(A * SCALE_A));
  const first = madd(f32x4.add(sumA, sumB), v128.load(from), f32x4.splat(SCALE_0));
  const last = madd(madd(v128.load(from + 5 * step), sumA, f32x4.splat(A2)), sumB, f32x4.splat(B2));
  v128.store(to, first);
  v128.store(to + outStep, madd(differenceA, f32x4.sub(m3, m4), f32x4.splat(B * SCALE_B)));
  v128.store(to + 2 * outStep, last);
}

/** Returns the bytes of scratch memory of winogradBackpropFilter. */
export function winogradBackpropFilterScratchBytes(c: i32, channels: i32): usize {
  const panels = <usize>((channels + WIDTH - 1) / WIDTH);
  return winogradScratchBytes(c) + panels * <usize>POSITIONS * (SUM_PLANE + (<usize>c << 5));
}

/**
 * dw[3,3,c,channels] from x[n,h,w,c] and dy[n,oh,ow,channels], for the sizes for which transformedFilterFloats is not 0. Returns 1 if
 * all values are finite.
 */
export function winogradBackpropFilter(
  x: usize, dy: usize, n: i32, h: i32, w: i32, c: i32, padTop: i32, padLeft: i32, oh: i32, ow: i32, channels: i32, dw: usize,
  scratch: usize,
): i32 {
  const panels = (channels + WIDTH - 1) / WIDTH;
  const half = scratch;
  const images = half + HALF;
  const gradients = images + <usize>POSITIONS * <usize>((c + BLOCK - 1) / BLOCK) * IMAGE_PLANE;
  // Sums [panel][position][input channel][column].
  const sums = gradients + <usize>(panels * POSITIONS) * SUM_PLANE;
  const position = <usize>c << 5;
  const across = tilesOf(ow), down = tilesOf(oh);
  const count = n * across * down;
  for (let first = 0; first < count; first += TILES) {
    const tiles = min(TILES, count - first);
    for (let t = 0; t < tiles; t++) {
      const place = first + t;
      const row = place / across, image = row / down;
      const oy = (row % down) * SIDE, ox = (place % across) * SIDE;
      transformTile(
        x + (<usize>(image * h * w * c) << 2), h, w, c, oy - padTop, ox - padLeft, half, images + (<usize>(t * BLOCK) << 2),
      );
      transformGradient(
        dy + (<usize>(image * oh * ow * channels) << 2), oh, ow, channels, oy, ox, half, gradients + (<usize>(t * WIDTH) << 2),
      );
    }
    for (let panel = 0; panel < panels; panel++) {
      const width = min(WIDTH, channels - panel * WIDTH);
      for (let p = 0; p < POSITIONS; p++) {
        const at = panel * POSITIONS + p;
        for (let k = 0; k < c; k += BLOCK) {
          downColumns(
            images + <usize>((k / BLOCK) * POSITIONS + p) * IMAGE_PLANE, BLOCK << 2, tiles,
            gradients + <usize>at * SUM_PLANE, WIDTH << 2,
            sums + <usize>at * position + (<usize>k << 5), WIDTH << 2, min(BLOCK, c - k), width, i32(first > 0),
          );
        }
      }
    }
  }
  return writeTaps(sums, c, channels, half, dw);
}

/** Transforms a tile of the output's gradient, whose first value is (oy, ox), to a row of each plane. */
function transformGradient(
  image: usize, oh: i32, ow: i32, channels: i32, oy: i32, ox: i32, half: usize, out: usize,
): void {
  const rowBytes = ow * channels << 2;
  for (let ch = 0; ch < channels; ch += 4) {
    for (let q = 0; q < SIDE; q++) {
      const isInside = ox + q < ow;
      const at = image + <usize>((((oy * ow + ox + q) * channels) + ch) << 2);
      transformGradients(
        pixel(at, isInside, oy, oh), pixel(at + rowBytes, isInside, oy + 1, oh), pixel(at + 2 * rowBytes, isInside, oy + 2, oh),
        pixel(at + 3 * rowBytes, isInside, oy + 3, oh), half + (<usize>q << 4), 64,
      );
    }
    const to = out + <usize>(ch / WIDTH * POSITIONS) * SUM_PLANE + (<usize>(ch & (WIDTH - 1)) << 2);
    for (let r = 0; r < 6; r++) {
      const at = half + <usize>(64 * r);
      transformGradients(
        v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48), to + <usize>(6 * r) * SUM_PLANE, SUM_PLANE,
      );
    }
  }
}

/** Transforms sums back to the filter's gradient. Returns 1 if all its values are finite. */
function writeTaps(sums: usize, c: i32, channels: i32, half: usize, dw: usize): i32 {
  const position = <usize>c << 5;
  const tap = <usize>(c * channels) << 2;
  let finite = f32x4.splat(0);
  for (let j = 0; j < channels; j += 4) {
    const panel = sums + <usize>(j >> 3) * (<usize>POSITIONS * position) + (<usize>(j & 4) << 2);
    for (let k = 0; k < c; k++) {
      const from = panel + (<usize>k << 5);
      for (let q = 0; q < 6; q++) {
        transformTapSums(from + <usize>q * position, 6 * position, half + (<usize>q << 4), 96);
      }
      const to = dw + (<usize>(k * channels + j) << 2);
      for (let r = 0; r < 3; r++) {
        transformTapSums(half + <usize>(96 * r), 16, half + 18 * 16, 16);
        for (let q = 0; q < 3; q++) {
          const value = v128.load(half + <usize>(18 + q) * 16);
          finite = madd(finite, value, f32x4.splat(0));
          v128.store(to + <usize>(3 * r + q) * tap, value);
        }
      }
    }
  }
  return i32(v128.any_true(f32x4.ne(finite, finite))) ^ 1;
}
