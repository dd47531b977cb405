import { type PixelImage, type RgbImage, toRgb } from '../image.js';
import { checkPoints, type Point } from './point.js';
import { sampleBilinear } from './sample-bilinear.js';
import { estimateSimilarity } from './similarity.js';

/** Where insightface's models expect the eyes, the nose and the corners of the mouth, in an image of 112 × 112. */
const TEMPLATE: readonly Point[] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/**
 * Cuts out a face so that its landmarks lie where insightface's models expect them: a similarity transform by Umeyama's method,
 * bilinear interpolation, black beyond the image's edges.
 * @param image RGB, or RGBA, which is composed onto white.
 * @param landmarks The eye on the image's left, the other eye, the tip of the nose, the corner of the mouth on the image's left,
 *   the other corner, as [x, y] in pixels; whole numbers are the centers of pixels. RetinaFace, SCRFD and YuNet give them so.
 * @param size Side of the result: 112 or a multiple, or 128 or a multiple. Default: 112.
 * @returns RGB, size × size.
 * @throws RangeError for another number of landmarks, coordinates that are not finite, another size, or a face without extent.
 * @see insightface's face_align.norm_crop.
 */
export function alignFace(image: PixelImage, landmarks: readonly Point[], size = 112): RgbImage {
  checkPoints(landmarks, TEMPLATE.length, 'alignFace');
  const { a, b, tx, ty } = estimateSimilarity(landmarks, faceTemplate(size));
  const determinant = a * a + b * b;
  if (determinant === 0) {
    throw new RangeError('alignFace: the landmarks do not have the shape of a face; check their order.');
  }
  const rgb = toRgb(image, 'white');
  const data = new Uint8Array(size * size * 3);
  const pixel = new Float64Array(3);
  for (let row = 0, at = 0; row < size; row++) {
    for (let column = 0; column < size; column++, at += 3) {
      const [u, v] = [column - tx, row - ty];
      const x = (a * u + b * v) / determinant;
      const y = (a * v - b * u) / determinant;
      sampleBilinear(rgb, x, y, 'black', pixel.fill(0));
      for (let c = 0; c < 3; c++) data[at + c] = Math.round(pixel[c]);
    }
  }
  return { width: size, height: size, data };
}

/** Returns the template for a size, as insightface's estimate_norm. */
function faceTemplate(size: number): Point[] {
  const isMultiple = (of: number) => Number.isInteger(size) && size > 0 && size % of === 0;
  if (!isMultiple(112) && !isMultiple(128)) {
    throw new RangeError(`alignFace: size must be a multiple of 112 or of 128, not ${size}.`);
  }
  const scale = isMultiple(112) ? size / 112 : size / 128;
  const shift = isMultiple(112) ? 0 : 8 * scale;
  return TEMPLATE.map(([x, y]) => [x * scale + shift, y * scale]);
}
