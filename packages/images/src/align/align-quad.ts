import { type PixelImage, type RgbImage, toRgb } from '../image.js';
import { rectangleToQuad } from './homography.js';
import { checkPoints, type Point } from './point.js';
import { sampleBilinear } from './sample-bilinear.js';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Straightens a photographed rectangle, such as a document or a card: maps its four corners to those of an upright image by a
 * homography. Interpolation is bilinear; where the image shrinks, each pixel is the mean of several samples, so text does not alias.
 * @param image RGB, or RGBA, which is composed onto white.
 * @param corners Top left, top right, bottom right, bottom left corner, as [x, y] in pixels. (0, 0) is the top left corner of the
 *   image, and (width, height) its bottom right corner. Corners outside the image see its nearest pixels.
 * @param size Sides of the result in pixels.
 * @returns RGB, width × height.
 * @throws RangeError if the corners are not convex in this order, or a number is not finite or not positive.
 * @see OpenCV's getPerspectiveTransform and warpPerspective.
 */
export function alignQuad(image: PixelImage, corners: readonly Point[], size: Size): RgbImage {
  const { width, height } = size;
  checkCorners(corners);
  if (![width, height].every((side) => Number.isInteger(side) && side > 0)) {
    throw new RangeError(`alignQuad: the size must be positive integers, not ${width} × ${height}.`);
  }
  const rgb = toRgb(image, 'white');
  const [m0, m1, m2, m3, m4, m5, m6, m7] = rectangleToQuad(width, height, corners);
  const [samplesX, samplesY] = countSamples(corners, size);
  const data = new Uint8Array(width * height * 3);
  const sum = new Float64Array(3);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 3) {
      sum.fill(0);
      for (let j = 0; j < samplesY; j++) {
        const v = row + (j + 0.5) / samplesY;
        for (let i = 0; i < samplesX; i++) {
          const u = column + (i + 0.5) / samplesX;
          const scale = 1 / (m6 * u + m7 * v + 1);
          const x = (m0 * u + m1 * v + m2) * scale;
          const y = (m3 * u + m4 * v + m5) * scale;
          // In the image, the center of the first pixel is at 0.5.
          sampleBilinear(rgb, x - 0.5, y - 0.5, 'replicate', sum);
        }
      }
      for (let c = 0; c < 3; c++) data[at + c] = Math.round(sum[c] / (samplesX * samplesY));
    }
  }
  return { width, height, data };
}

/** Returns the number of samples per output pixel along each axis: the pixels that it covers where the image shrinks most. */
function countSamples([a, b, c, d]: readonly Point[], { width, height }: Size): [x: number, y: number] {
  const distance = ([x, y]: Point, [u, v]: Point) => Math.hypot(x - u, y - v);
  const across = Math.max(distance(a, b), distance(d, c)) / width;
  const down = Math.max(distance(a, d), distance(b, c)) / height;
  return [Math.max(1, Math.ceil(across - 1e-9)), Math.max(1, Math.ceil(down - 1e-9))];
}

function checkCorners(corners: readonly Point[]): void {
  checkPoints(corners, 4, 'alignQuad');
  const turns = corners.every((corner, i) => {
    const next = corners[(i + 1) % 4];
    const after = corners[(i + 2) % 4];
    return (next[0] - corner[0]) * (after[1] - next[1]) - (next[1] - corner[1]) * (after[0] - next[0]) > 0;
  });
  if (turns) return;
  throw new RangeError(
    'alignQuad: the corners must be convex, in the order top left, top right, bottom right, bottom left.',
  );
}
