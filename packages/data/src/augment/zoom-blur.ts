import type { Random } from '@unitsphere/core/random';
import { blankImage, type Image } from '../image.js';

/**
 * Averages the image with copies of itself magnified about the center, with bilinear interpolation.
 * @param factors Magnification factors, each ≥ 1.
 */
export function zoomBlur(image: Image, factors: readonly number[]): Image {
  const { width, height, data } = image;
  const sums = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) sums[i] = data[i] << 8;
  for (const factor of factors) {
    const columns = zoomAxis(width, factor, 3);
    const rows = zoomAxis(height, factor, width * 3);
    let at = 0;
    for (let y = 0; y < height; y++) {
      const upper = rows.first[y];
      const lower = rows.second[y];
      const wy = rows.weight[y];
      for (let x = 0; x < width; x++, at += 3) {
        const near = columns.first[x];
        const far = columns.second[x];
        const wx = columns.weight[x];
        const w00 = (16 - wx) * (16 - wy);
        const w01 = wx * (16 - wy);
        const w10 = (16 - wx) * wy;
        const w11 = wx * wy;
        const a = upper + near;
        const b = upper + far;
        const c = lower + near;
        const d = lower + far;
        sums[at] += data[a] * w00 + data[b] * w01 + data[c] * w10 + data[d] * w11;
        sums[at + 1] += data[a + 1] * w00 + data[b + 1] * w01 + data[c + 1] * w10 + data[d + 1] * w11;
        sums[at + 2] += data[a + 2] * w00 + data[b + 2] * w01 + data[c + 2] * w10 + data[d + 2] * w11;
      }
    }
  }
  const output = blankImage(width, height);
  const scale = 1 / (256 * (factors.length + 1));
  for (let i = 0; i < sums.length; i++) output.data[i] = sums[i] * scale + 0.5;
  return output;
}

/** Computes offsets and weights along one axis. Weights in sixteenths suffice, because several copies are averaged. */
function zoomAxis(length: number, factor: number, stride: number) {
  const first = new Int32Array(length);
  const second = new Int32Array(length);
  const weight = new Int32Array(length);
  const middle = (length - 1) / 2;
  for (let i = 0; i < length; i++) {
    const position = middle + (i - middle) / factor;
    const low = Math.floor(position);
    first[i] = low * stride;
    second[i] = Math.min(low + 1, length - 1) * stride;
    weight[i] = Math.round((position - low) * 16);
  }
  return { first, second, weight };
}

/** Applies albumentations' ZoomBlur: factors 1, 1 + s, 1 + 2s … below a maximum of 1 … 1.31, with s of 0.01 … 0.03. */
export function randomZoomBlur(image: Image, random: Random): Image {
  const maximum = random.uniform(1, 1.31);
  const step = random.uniform(0.01, 0.03);
  const factors: number[] = [];
  for (let i = 0; 1 + i * step < maximum; i++) factors.push(1 + i * step);
  return zoomBlur(image, factors);
}
