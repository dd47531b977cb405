import type { Random } from '@unitsphere/core/random';
import { nativeImageFunctions } from '@unitsphere/images';
import type { Image } from '../image.js';
import { pad } from './pad.js';

/** The native blur has loops for kernel sizes up to 7. */
const MOST_NATIVE_WEIGHTS = 4;
/** Sum of a kernel's weights: 8 fraction bits, as in OpenCV's GaussianBlur of bytes. */
const ONE = 256;

/**
 * Convolves with a Gaussian of odd kernel size; edges are mirrored (OpenCV's GaussianBlur with its default border). Weights are
 * multiples of 1/256, and each result is rounded once.
 * @param sigma Standard deviation in pixels; 0 selects OpenCV's 0.3·((size − 1)/2 − 1) + 0.8.
 */
export function gaussianBlur(image: Image, kernelSize: number, sigma = 0): Image {
  return blurInPlace({ ...image, data: Uint8Array.from(image.data) }, kernelSize, sigma);
}

/** Applies albumentations 1's GaussianBlur, in place: kernel size 3, 5 or 7, sigma from the kernel size. */
export function randomGaussianBlur(image: Image, random: Random): Image {
  return blurInPlace(image, random.pick([3, 5, 7]), 0);
}

function blurInPlace(image: Image, kernelSize: number, sigma: number): Image {
  const radius = (kernelSize - 1) >> 1;
  const weights = kernelWeights(radius, sigma > 0 ? sigma : 0.3 * (radius - 1) + 0.8);
  const { width, height, data } = image;
  const native = radius > 0 && weights.length <= MOST_NATIVE_WEIGHTS ? nativeImageFunctions() : undefined;
  if (native) {
    native.blur(data, width, weights);
    return image;
  }
  const padded = pad(image, radius, 'reflect');
  const stride = padded.width * 3;
  const rowBytes = width * 3;
  // All arrays of `convolve` have one type, which keeps its loops fast.
  const from = new Int32Array(padded.data);
  const columns = new Int32Array(padded.height * rowBytes);
  for (let y = 0; y < padded.height; y++) {
    convolve(from, y * stride + radius * 3, 3, weights, columns.subarray(y * rowBytes, (y + 1) * rowBytes));
  }
  const sums = new Int32Array(rowBytes);
  for (let y = 0, at = 0; y < height; y++) {
    convolve(columns, (y + radius) * rowBytes, rowBytes, weights, sums);
    for (let i = 0; i < rowBytes; i++, at++) data[at] = (sums[i] + 0x8000) >> 16;
  }
  return image;
}

/** Returns the weight of the center and of its neighbors on each side. The whole kernel adds up to 256. */
function kernelWeights(radius: number, deviation: number): Uint16Array {
  const exact = Array.from({ length: radius + 1 }, (_, i) =>
    Math.exp((-0.5 * i * i) / (deviation * deviation)),
  );
  const total = exact.reduce((sum, weight) => sum + 2 * weight, -exact[0]);
  const weights = Uint16Array.from(exact, (weight) => Math.round((ONE * weight) / total));
  // The center has the rest.
  weights[0] = ONE - 2 * weights.subarray(1).reduce((sum, weight) => sum + weight, 0);
  return weights;
}

/**
 * Convolves a row of values with a symmetric kernel along an axis.
 * @param start Position of the row in `from`; the row has as many values as `sums`.
 * @param step Distance of neighbors along the axis.
 * @param weights The center's weight, then those of the neighbors on each side.
 */
function convolve(from: Int32Array, start: number, step: number, weights: Uint16Array, sums: Int32Array) {
  const end = start + sums.length;
  for (let p = start; p < end; p++) sums[p - start] = weights[0] * from[p];
  for (let k = 1, o = step; k < weights.length; k++, o += step) {
    const weight = weights[k];
    for (let p = start; p < end; p++) sums[p - start] += weight * (from[p - o] + from[p + o]);
  }
}
