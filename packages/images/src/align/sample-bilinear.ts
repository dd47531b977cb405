import type { RgbImage } from '../image.js';

/** The value beyond the image's edge: that of the nearest pixel, or black. */
export type Edge = 'replicate' | 'black';

/**
 * Adds the bilinear interpolation of an image at (x, y) to `sum`, of three values. Whole numbers are the centers of pixels.
 */
export function sampleBilinear(image: RgbImage, x: number, y: number, edge: Edge, sum: Float64Array): void {
  const { width, height, data } = image;
  const left = Math.floor(x);
  const top = Math.floor(y);
  for (let row = top; row <= top + 1; row++) {
    for (let column = left; column <= left + 1; column++) {
      const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
      if (weight === 0) continue;
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      if (!isInside && edge === 'black') continue;
      const at = 3 * (clamp(row, height) * width + clamp(column, width));
      sum[0] += weight * data[at];
      sum[1] += weight * data[at + 1];
      sum[2] += weight * data[at + 2];
    }
  }
}

function clamp(i: number, count: number): number {
  return Math.min(Math.max(i, 0), count - 1);
}
