import type { RgbImage } from '../image.js';
import { nativeImageFunctions } from '../native-functions.js';

/** Part of an image, in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Filter that weights neighboring pixels. */
export type ResampleFilter = 'nearest' | 'bilinear' | 'bicubic';

// As in PIL: 32 bits less 8 for the values, and 2 because weights may be negative or above 1.
const PRECISION_BITS = 22;
const CUBIC = -0.5;

const filters: Record<Exclude<ResampleFilter, 'nearest'>, { support: number; weight(x: number): number }> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(x) {
      const d = Math.abs(x);
      if (d < 1) return ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1;
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * CUBIC : 0;
    },
  },
};

/**
 * Resizes an image to width × height and crops it, bit-identical to Image.resize with antialiasing and crop of Pillow up to
 * version 12. The filter is widened for downscaling. Each row is filtered along its width first, then each column along its
 * height, with fixed-point weights; each pass rounds to 8 bits. Pillow 13 chooses the order of the two passes by the sizes, so
 * its values may differ by rounding.
 * @param box Part of the resized image to compute.
 * @param target Memory for the result, which is used if it has the result's length and the filter weights pixels.
 * @see https://github.com/python-pillow/Pillow, src/libImaging/Resample.c.
 */
export function resample(
  image: RgbImage,
  width: number,
  height: number,
  box: Box,
  filter: ResampleFilter,
  target?: Uint8Array,
): RgbImage {
  if (filter === 'nearest') return resampleNearest(image, width, height, box);
  const columns = axisWeights(image.width, width, box.left, box.width, filter);
  const rows = axisWeights(image.height, height, box.top, box.height, filter);
  const bytes = box.width * box.height * 3;
  const data = target?.length === bytes ? target : new Uint8Array(bytes);
  const native = nativeImageFunctions();
  if (native) {
    const [x, y] = [columns, rows];
    native.resample(
      image.data,
      image.width,
      data,
      x.starts,
      x.counts,
      x.weights,
      y.starts,
      y.counts,
      y.weights,
    );
    return { width: box.width, height: box.height, data };
  }
  // Only the source rows that the box requires.
  const firstRow = rows.starts[0];
  const lastRow = rows.starts[box.height - 1] + rows.counts[box.height - 1];
  const middle = new Uint8Array((lastRow - firstRow) * box.width * 3);
  for (let y = firstRow; y < lastRow; y++) {
    const from = y * image.width * 3;
    const to = (y - firstRow) * box.width * 3;
    filterLine(image.data, from, 3, middle, to, 3, columns, box.width);
  }
  const stride = box.width * 3;
  for (let x = 0; x < box.width; x++) {
    filterLine(middle, 3 * x - firstRow * stride, stride, data, 3 * x, stride, rows, box.height);
  }
  return { width: box.width, height: box.height, data };
}

function resampleNearest(image: RgbImage, width: number, height: number, box: Box): RgbImage {
  const columns = nearestPixels(image.width, width, box.left, box.width);
  const rows = nearestPixels(image.height, height, box.top, box.height);
  const data = new Uint8Array(box.width * box.height * 3);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      const from = 3 * (row * image.width + column);
      data.set(image.data.subarray(from, from + 3), 3 * (y * box.width + x));
    });
  });
  return { width: box.width, height: box.height, data };
}

/** Returns the source pixel of each output pixel along an axis, with the steps of PIL's ImagingScaleAffine. */
function nearestPixels(inSize: number, outSize: number, first: number, count: number): number[] {
  const step = inSize / outSize;
  let at = step * 0.5;
  for (let i = 0; i < first; i++) at += step;
  return Array.from({ length: count }, () => {
    const pixel = Math.trunc(at);
    at += step;
    return pixel;
  });
}

interface AxisWeights {
  /** First source pixel of each output pixel, and the number of source pixels. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** Fixed-point weights, `most` per output pixel. */
  readonly weights: Int32Array;
  readonly most: number;
}

function axisWeights(
  inSize: number,
  outSize: number,
  first: number,
  count: number,
  filter: keyof typeof filters,
): AxisWeights {
  const { support: radius, weight } = filters[filter];
  const scale = inSize / outSize;
  const stretch = Math.max(1, scale);
  const support = radius * stretch;
  const most = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Int32Array(count * most);
  const exact = new Float64Array(most);
  for (let i = 0; i < count; i++) {
    const center = (first + i + 0.5) * scale;
    // Truncated as in C.
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(inSize, Math.trunc(center + support + 0.5));
    let sum = 0;
    for (let j = 0; j < end - start; j++) {
      exact[j] = weight((j + start - center + 0.5) * (1 / stretch));
      sum += exact[j];
    }
    for (let j = 0; j < end - start; j++) {
      const fixed = (sum === 0 ? exact[j] : exact[j] / sum) * (1 << PRECISION_BITS);
      weights[i * most + j] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    starts[i] = start;
    counts[i] = end - start;
  }
  return { starts, counts, weights, most };
}

/** Filters one row or column. `from` and `to` are the offsets of its pixel 0; the steps lead to the next pixel. */
function filterLine(
  source: Uint8Array,
  from: number,
  step: number,
  target: Uint8Array,
  to: number,
  targetStep: number,
  { starts, counts, weights, most }: AxisWeights,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    let r = 1 << (PRECISION_BITS - 1);
    let g = r;
    let b = r;
    let at = from + starts[i] * step;
    const end = i * most + counts[i];
    for (let w = i * most; w < end; w++, at += step) {
      const weight = weights[w];
      r += source[at] * weight;
      g += source[at + 1] * weight;
      b += source[at + 2] * weight;
    }
    const out = to + i * targetStep;
    target[out] = clip(r >> PRECISION_BITS);
    target[out + 1] = clip(g >> PRECISION_BITS);
    target[out + 2] = clip(b >> PRECISION_BITS);
  }
}

const clip = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value);
