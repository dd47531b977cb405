import type { Random } from '@unitsphere/core/random';
import { blankImage, type Image } from '../image.js';

/** Intervals of the control grid along each side. */
const INTERVALS = 3;
/** Control points along each side: a cubic B-spline needs one more beyond either end. */
const POINTS = INTERVALS + 3;

/**
 * Moves every pixel by a smooth random field, as a hand that writes the same character again: displacements of the points of a
 * coarse grid, interpolated by a uniform cubic B-spline. Pixels are read with bilinear interpolation; beyond the edge they are
 * those of the edge. Follows the deformations of Simard et al. (2003) and of U-Net (Ronneberger et al., 2015).
 *
 * @param displacements x and y of 6 × 6 control points, row by row, as fractions of the sides. Equal ones shift the image.
 * @throws RangeError if the number of displacements is not 72.
 */
export function elastic(image: Image, displacements: ArrayLike<number>): Image {
  if (displacements.length !== 2 * POINTS * POINTS) {
    throw new RangeError(`elastic: give ${2 * POINTS * POINTS} displacements, not ${displacements.length}.`);
  }
  const { width, height, data } = image;
  const output = blankImage(width, height);
  const columns = splineWeights(width);
  const rows = splineWeights(height);
  // Displacements of one row of the image at the control columns, in pixels.
  const dx = new Float32Array(POINTS);
  const dy = new Float32Array(POINTS);
  for (let y = 0, at = 0; y < height; y++) {
    for (let column = 0; column < POINTS; column++) {
      let [sumX, sumY] = [0, 0];
      for (let k = 0; k < 4; k++) {
        const point = 2 * ((rows.first[y] + k) * POINTS + column);
        sumX += rows.weights[4 * y + k] * displacements[point];
        sumY += rows.weights[4 * y + k] * displacements[point + 1];
      }
      dx[column] = sumX * width;
      dy[column] = sumY * height;
    }
    for (let x = 0; x < width; x++, at += 3) {
      let [u, v] = [x, y];
      for (let k = 0; k < 4; k++) {
        const weight = columns.weights[4 * x + k];
        u += weight * dx[columns.first[x] + k];
        v += weight * dy[columns.first[x] + k];
      }
      u = Math.min(width - 1, Math.max(0, u));
      v = Math.min(height - 1, Math.max(0, v));
      const left = Math.floor(u);
      const top = Math.floor(v);
      const wx = u - left;
      const wy = v - top;
      const near = 3 * (top * width + left);
      const right = left + 1 < width ? 3 : 0;
      const below = top + 1 < height ? 3 * width : 0;
      for (let c = 0; c < 3; c++) {
        const upper = data[near + c] + (data[near + right + c] - data[near + c]) * wx;
        const lower = data[near + below + c] + (data[near + below + right + c] - data[near + below + c]) * wx;
        output.data[at + c] = upper + (lower - upper) * wy + 0.5;
      }
    }
  }
  return output;
}

/** Weights of the four control points around each pixel, and the first of them. */
function splineWeights(length: number) {
  const first = new Int32Array(length);
  const weights = new Float32Array(4 * length);
  for (let i = 0; i < length; i++) {
    const position = ((i + 0.5) / length) * INTERVALS;
    const interval = Math.floor(position);
    const t = position - interval;
    first[i] = interval;
    weights[4 * i] = (1 - t) ** 3 / 6;
    weights[4 * i + 1] = (3 * t ** 3 - 6 * t ** 2 + 4) / 6;
    weights[4 * i + 2] = (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6;
    weights[4 * i + 3] = t ** 3 / 6;
  }
  return { first, weights };
}

/** Deforms with normal displacements, whose standard deviation is drawn from 0 … 0.12 of the side. */
export function randomElastic(image: Image, random: Random): Image {
  const deviation = random.uniform(0, 0.12);
  return elastic(
    image,
    Float32Array.from({ length: 2 * POINTS * POINTS }, () => random.normal(0, deviation)),
  );
}
