import type { Random } from '@unitsphere/core/random';
import { blankImage, type Image } from '../image.js';
import { gaussianBlur } from './gaussian-blur.js';
import { pad } from './pad.js';

/**
 * Blurs like a lens out of focus: averages over a disk whose edge is softened by a small Gaussian; edges are mirrored.
 * Prefix sums along the rows make the cost linear in the radius.
 * @param radius Radius of the disk in whole pixels.
 * @param aliasBlur Sigma of the softening in pixels.
 */
export function defocus(image: Image, radius: number, aliasBlur: number): Image {
  const softened = gaussianBlur(image, radius <= 8 ? 3 : 5, aliasBlur);
  const { width, height } = image;
  const padded = pad(softened, radius, 'reflect');
  // sums[i + 3] is the row's prefix sum of one channel up to and including byte i.
  const sumStride = (padded.width + 1) * 3;
  const sums = new Int32Array(sumStride * padded.height);
  const stride = padded.width * 3;
  for (let y = 0; y < padded.height; y++) {
    for (let i = 0, s = y * sumStride; i < stride; i++, s++)
      sums[s + 3] = sums[s] + padded.data[y * stride + i];
  }
  const rows = 2 * radius + 1;
  const ahead = new Int32Array(rows);
  const behind = new Int32Array(rows);
  let count = 0;
  for (let k = 0; k < rows; k++) {
    const dy = k - radius;
    const half = Math.floor(Math.sqrt(radius * radius - dy * dy));
    ahead[k] = k * sumStride + (radius + half + 1) * 3;
    behind[k] = k * sumStride + (radius - half) * 3;
    count += 2 * half + 1;
  }
  const output = blankImage(width, height);
  const rowBytes = width * 3;
  const scale = 1 / count;
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < rowBytes; i++) {
      const p = y * sumStride + i;
      let sum = 0;
      for (let k = 0; k < rows; k++) sum += sums[p + ahead[k]] - sums[p + behind[k]];
      output.data[y * rowBytes + i] = sum * scale + 0.5;
    }
  }
  return output;
}

/** Applies albumentations' Defocus (alias blur 0.1 … 0.5) with DocClassifier's radius 3 … 5 instead of 3 … 10. */
export function randomDefocus(image: Image, random: Random): Image {
  return defocus(image, 3 + random.int(3), random.uniform(0.1, 0.5));
}
