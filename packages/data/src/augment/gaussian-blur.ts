import type { Random } from '@unitsphere/core/random';
import { nativeImageFunctions } from '@unitsphere/images';
import { blankImage, type Image } from '../image.js';
import { pad } from './pad.js';

/** The native blur has loops for kernel sizes up to 7. */
const MOST_NATIVE_WEIGHTS = 4;

/**
 * Convolves with a Gaussian of odd kernel size; edges are mirrored (OpenCV's GaussianBlur with its default border).
 * @param sigma Standard deviation in pixels; 0 selects OpenCV's 0.3·((size − 1)/2 − 1) + 0.8.
 */
export function gaussianBlur(image: Image, kernelSize: number, sigma = 0): Image {
  const radius = (kernelSize - 1) >> 1;
  const deviation = sigma > 0 ? sigma : 0.3 * (radius - 1) + 0.8;
  const weights = new Float32Array(radius + 1);
  let total = 0;
  for (let i = 0; i <= radius; i++) {
    weights[i] = Math.exp((-0.5 * i * i) / (deviation * deviation));
    total += i === 0 ? weights[i] : 2 * weights[i];
  }
  for (let i = 0; i <= radius; i++) weights[i] /= total;

  const { width, height } = image;
  const native = weights.length <= MOST_NATIVE_WEIGHTS ? nativeImageFunctions() : undefined;
  if (native && radius > 0) {
    const data = Uint8Array.from(image.data);
    native.blur(data, width, weights);
    return { width, height, data };
  }
  const padded = pad(image, radius, 'reflect');
  const stride = padded.width * 3;
  const rowBytes = width * 3;
  // All arrays of `convolve` have one type, which keeps its loops fast.
  const from = new Float32Array(padded.data);
  const columns = new Float32Array(padded.height * rowBytes);
  const sums = new Float64Array(rowBytes);
  for (let y = 0; y < padded.height; y++) {
    convolve(from, y * stride + radius * 3, 3, weights, sums);
    columns.set(sums, y * rowBytes);
  }
  const output = blankImage(width, height);
  const to = output.data;
  for (let y = 0, at = 0; y < height; y++) {
    convolve(columns, (y + radius) * rowBytes, rowBytes, weights, sums);
    for (let i = 0; i < rowBytes; i++, at++) to[at] = sums[i] + 0.5;
  }
  return output;
}

/**
 * Convolves a row of values with a symmetric kernel along an axis.
 * @param start Position of the row in `from`; the row has as many values as `sums`.
 * @param step Distance of neighbors along the axis.
 * @param weights The center's weight, then those of the neighbors on each side.
 */
function convolve(
  from: Float32Array,
  start: number,
  step: number,
  weights: Float32Array,
  sums: Float64Array,
) {
  const w0 = weights[0];
  const w1 = weights[1];
  const w2 = weights[2];
  const w3 = weights[3];
  const o1 = step;
  const o2 = 2 * step;
  const o3 = 3 * step;
  const end = start + sums.length;
  // The usual kernel sizes 3, 5 and 7 have loops without inner loops.
  if (weights.length === 2) {
    for (let p = start; p < end; p++) sums[p - start] = w0 * from[p] + w1 * (from[p - o1] + from[p + o1]);
  } else if (weights.length === 3) {
    for (let p = start; p < end; p++) {
      sums[p - start] =
        w0 * from[p] + w1 * (from[p - o1] + from[p + o1]) + w2 * (from[p - o2] + from[p + o2]);
    }
  } else if (weights.length === 4) {
    for (let p = start; p < end; p++) {
      sums[p - start] =
        w0 * from[p] +
        w1 * (from[p - o1] + from[p + o1]) +
        w2 * (from[p - o2] + from[p + o2]) +
        w3 * (from[p - o3] + from[p + o3]);
    }
  } else {
    for (let p = start; p < end; p++) {
      let sum = w0 * from[p];
      for (let k = 1, o = step; k < weights.length; k++, o += step)
        sum += weights[k] * (from[p - o] + from[p + o]);
      sums[p - start] = sum;
    }
  }
}

/** Applies albumentations 1's GaussianBlur: kernel size 3, 5 or 7, sigma from the kernel size. */
export function randomGaussianBlur(image: Image, random: Random): Image {
  return gaussianBlur(image, random.pick([3, 5, 7]));
}
