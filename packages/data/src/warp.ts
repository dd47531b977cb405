import { nativeImageFunctions } from '@unitsphere/images';
import { blankImage, checkImage, type Image } from './image.js';

/** Affine map [a, b, c, d, e, f]: u′ = a·u + b·v + c, v′ = d·u + e·v + f. */
export type Affine = readonly [number, number, number, number, number, number];

/** A rectangle of whole pixels in an image. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Values beyond the image's edge: `replicate` repeats the edge pixel, `reflect` mirrors about it (OpenCV's
 * BORDER_REFLECT_101), `constant` is black.
 */
export type Border = 'replicate' | 'reflect' | 'constant';

export const identityAffine: Affine = [1, 0, 0, 0, 1, 0];

/** Returns the map that applies `inner`, then `outer`. */
export function composeAffine(outer: Affine, inner: Affine): Affine {
  const [a, b, c, d, e, f] = outer;
  const [g, h, i, j, k, l] = inner;
  return [a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f];
}

const BITS = 11;
const ONE = 1 << BITS;
const HALF = 1 << (2 * BITS - 1);

/**
 * Resamples a region of an image to size × size with bilinear interpolation. If the region shrinks by a factor of two
 * or more, boxes of whole pixels are averaged first, so that text does not alias.
 *
 * @param map Map from the unit square of the output to that of the region (inverse mapping).
 * @param border Values outside the region, even where the image continues.
 * @param target Memory of size × size × 3 bytes for the result; default new memory.
 * @throws RangeError if the target has another length.
 */
export function warp(
  image: Image,
  region: Region,
  map: Affine,
  size: number,
  border: Border,
  target?: Uint8Array,
): Image {
  // Maps output pixels to region pixels; in both, whole numbers are pixel edges, not centers.
  let stepXu = (map[0] * region.width) / size;
  let stepXv = (map[1] * region.width) / size;
  let startX = map[2] * region.width;
  let stepYu = (map[3] * region.height) / size;
  let stepYv = (map[4] * region.height) / size;
  let startY = map[5] * region.height;
  let source = image;
  let { x: left, y: top, width, height } = region;

  const shrinkX = Math.max(1, Math.floor(Math.max(Math.abs(stepXu), Math.abs(stepXv)) + 1e-9));
  const shrinkY = Math.max(1, Math.floor(Math.max(Math.abs(stepYu), Math.abs(stepYv)) + 1e-9));
  if (shrinkX > 1 || shrinkY > 1) {
    source = boxShrink(image, region, shrinkX, shrinkY);
    ({ width, height } = source);
    left = 0;
    top = 0;
    stepXu /= shrinkX;
    stepXv /= shrinkX;
    startX /= shrinkX;
    stepYu /= shrinkY;
    stepYv /= shrinkY;
    startY /= shrinkY;
  }

  const output = target ? { width: size, height: size, data: target } : blankImage(size, size);
  checkImage(output, 'warp');
  const base = (top * source.width + left) * 3;
  const stride = source.width * 3;
  const aligned = (stepXv === 0 && stepYu === 0) || (stepXu === 0 && stepYv === 0);
  if (aligned && border !== 'constant') {
    const swapped = stepXu === 0;
    const xAxis = axisTable(size, startX, swapped ? stepXv : stepXu, width, 3, border);
    const yAxis = axisTable(size, startY, swapped ? stepYu : stepYv, height, stride, border);
    warpAligned(source.data, base, output.data, size, swapped ? yAxis : xAxis, swapped ? xAxis : yAxis);
    return output;
  }

  const from = source.data;
  const to = output.data;
  let at = 0;
  for (let row = 0; row < size; row++) {
    const rowX = startX + stepXv * (row + 0.5) + stepXu * 0.5 - 0.5;
    const rowY = startY + stepYv * (row + 0.5) + stepYu * 0.5 - 0.5;
    for (let column = 0; column < size; column++, at += 3) {
      const x = rowX + stepXu * column;
      const y = rowY + stepYu * column;
      let x0 = Math.floor(x);
      let y0 = Math.floor(y);
      const wx = ((x - x0) * ONE + 0.5) | 0;
      const wy = ((y - y0) * ONE + 0.5) | 0;
      let x1 = x0 + 1;
      let y1 = y0 + 1;
      let w00 = (ONE - wx) * (ONE - wy);
      let w01 = wx * (ONE - wy);
      let w10 = (ONE - wx) * wy;
      let w11 = wx * wy;
      if (x0 < 0 || y0 < 0 || x1 >= width || y1 >= height) {
        if (border === 'constant') {
          if (x0 < 0 || x0 >= width) w00 = w10 = 0;
          if (x1 < 0 || x1 >= width) w01 = w11 = 0;
          if (y0 < 0 || y0 >= height) w00 = w01 = 0;
          if (y1 < 0 || y1 >= height) w10 = w11 = 0;
        }
        const wrap = border === 'reflect' ? reflect : clamp;
        x0 = wrap(x0, width);
        x1 = wrap(x1, width);
        y0 = wrap(y0, height);
        y1 = wrap(y1, height);
      }
      const p00 = base + y0 * stride + x0 * 3;
      const p01 = base + y0 * stride + x1 * 3;
      const p10 = base + y1 * stride + x0 * 3;
      const p11 = base + y1 * stride + x1 * 3;
      to[at] = (from[p00] * w00 + from[p01] * w01 + from[p10] * w10 + from[p11] * w11 + HALF) >>> (2 * BITS);
      to[at + 1] =
        (from[p00 + 1] * w00 + from[p01 + 1] * w01 + from[p10 + 1] * w10 + from[p11 + 1] * w11 + HALF) >>>
        (2 * BITS);
      to[at + 2] =
        (from[p00 + 2] * w00 + from[p01 + 2] * w01 + from[p10 + 2] * w10 + from[p11 + 2] * w11 + HALF) >>>
        (2 * BITS);
    }
  }
  return output;
}

interface AxisTable {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Int32Array;
}

/** Computes per output index the byte offsets of its two neighboring pixels and the weight of the second. */
function axisTable(
  size: number,
  start: number,
  step: number,
  length: number,
  stride: number,
  border: Border,
) {
  const table: AxisTable = {
    first: new Int32Array(size),
    second: new Int32Array(size),
    weight: new Int32Array(size),
  };
  const wrap = border === 'reflect' ? reflect : clamp;
  for (let i = 0; i < size; i++) {
    const position = start + step * (i + 0.5) - 0.5;
    const low = Math.floor(position);
    table.first[i] = wrap(low, length) * stride;
    table.second[i] = wrap(low + 1, length) * stride;
    table.weight[i] = ((position - low) * ONE + 0.5) | 0;
  }
  return table;
}

/** Resamples with separable axes: any quarter turn, flip, crop and resize. */
function warpAligned(
  from: Uint8Array,
  base: number,
  to: Uint8Array,
  size: number,
  columns: AxisTable,
  rows: AxisTable,
) {
  const native = nativeImageFunctions();
  if (native) {
    native.warp(
      base === 0 ? from : from.subarray(base),
      to,
      columns.first,
      columns.second,
      columns.weight,
      rows.first,
      rows.second,
      rows.weight,
    );
    return;
  }
  let at = 0;
  for (let row = 0; row < size; row++) {
    const upper = base + rows.first[row];
    const lower = base + rows.second[row];
    const wy = rows.weight[row];
    for (let column = 0; column < size; column++, at += 3) {
      const near = columns.first[column];
      const far = columns.second[column];
      const wx = columns.weight[column];
      const w00 = (ONE - wx) * (ONE - wy);
      const w01 = wx * (ONE - wy);
      const w10 = (ONE - wx) * wy;
      const w11 = wx * wy;
      const p00 = upper + near;
      const p01 = upper + far;
      const p10 = lower + near;
      const p11 = lower + far;
      to[at] = (from[p00] * w00 + from[p01] * w01 + from[p10] * w10 + from[p11] * w11 + HALF) >>> (2 * BITS);
      to[at + 1] =
        (from[p00 + 1] * w00 + from[p01 + 1] * w01 + from[p10 + 1] * w10 + from[p11 + 1] * w11 + HALF) >>>
        (2 * BITS);
      to[at + 2] =
        (from[p00 + 2] * w00 + from[p01 + 2] * w01 + from[p10 + 2] * w10 + from[p11 + 2] * w11 + HALF) >>>
        (2 * BITS);
    }
  }
}

/** Averages boxes of boxX × boxY pixels; the last box of a row or column may be smaller. */
function boxShrink(image: Image, region: Region, boxX: number, boxY: number): Image {
  const output = blankImage(Math.ceil(region.width / boxX), Math.ceil(region.height / boxY));
  const { data } = image;
  let at = 0;
  for (let row = 0; row < output.height; row++) {
    const y0 = region.y + row * boxY;
    const y1 = Math.min(y0 + boxY, region.y + region.height);
    for (let column = 0; column < output.width; column++, at += 3) {
      const x0 = region.x + column * boxX;
      const x1 = Math.min(x0 + boxX, region.x + region.width);
      let r = 0;
      let g = 0;
      let b = 0;
      for (let y = y0; y < y1; y++) {
        for (let p = (y * image.width + x0) * 3; p < (y * image.width + x1) * 3; p += 3) {
          r += data[p];
          g += data[p + 1];
          b += data[p + 2];
        }
      }
      const count = (y1 - y0) * (x1 - x0);
      output.data[at] = (r / count + 0.5) | 0;
      output.data[at + 1] = (g / count + 0.5) | 0;
      output.data[at + 2] = (b / count + 0.5) | 0;
    }
  }
  return output;
}

function clamp(i: number, n: number): number {
  return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/** Mirrors an index about the first and last pixel without repeating them (… 2 1 0 1 2 … n−1 n−2 …). */
export function reflect(i: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * n - 2;
  const within = ((i % period) + period) % period;
  return within < n ? within : period - within;
}
