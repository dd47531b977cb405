import type { Random } from '@unitsphere/core/random';
import { blankImage, type Image } from '../image.js';
import { pad } from './pad.js';

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
  const padded = pad(image, radius, 'reflect');
  const stride = padded.width * 3;
  const columns = new Float32Array(padded.height * width * 3);
  const rowBytes = width * 3;
  const from = padded.data;
  for (let y = 0; y < padded.height; y++) {
    const start = y * stride + radius * 3;
    for (let i = 0; i < rowBytes; i++) {
      const p = start + i;
      let sum = weights[0] * from[p];
      for (let k = 1, o = 3; k <= radius; k++, o += 3) sum += weights[k] * (from[p - o] + from[p + o]);
      columns[y * rowBytes + i] = sum;
    }
  }
  const output = blankImage(width, height);
  const to = output.data;
  for (let i = 0; i < to.length; i++) {
    const p = i + radius * rowBytes;
    let sum = weights[0] * columns[p];
    for (let k = 1, o = rowBytes; k <= radius; k++, o += rowBytes) {
      sum += weights[k] * (columns[p - o] + columns[p + o]);
    }
    to[i] = sum + 0.5;
  }
  return output;
}

/** Applies albumentations 1's GaussianBlur: kernel size 3, 5 or 7, sigma from the kernel size. */
export function randomGaussianBlur(image: Image, random: Random): Image {
  return gaussianBlur(image, random.pick([3, 5, 7]));
}
