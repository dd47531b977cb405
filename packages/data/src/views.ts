import { checkImage, type Image } from './image.js';
import { type Affine, type Border, composeAffine, identityAffine, type Region, warp } from './warp.js';

/** Number of views of an image: 8 orientations, each as whole, top half and bottom half. */
export const VIEW_COUNT = 24;

/** Number of classes per identity: 1 (the upright view), or 24 (each view is a class). */
export type ViewCount = 1 | typeof VIEW_COUNT;

/**
 * Returns the label of a view class: position × views + view.
 *
 * @param position Position of the identity among the training identities (not its index in the source).
 * @throws RangeError if the view is not in [0, views) or the position is negative.
 */
export function classLabel(position: number, view: number, views: ViewCount): number {
  if (!Number.isInteger(view) || view < 0 || view >= views) {
    throw new RangeError(`classLabel: the view must be an integer in [0, ${views}), not ${view}.`);
  }
  if (!Number.isInteger(position) || position < 0) {
    throw new RangeError(`classLabel: the position must be a non-negative integer, not ${position}.`);
  }
  return position * views + view;
}

/**
 * Returns one of the 24 views of an image, resized to size × size; the aspect ratio is not kept.
 *
 * View v has orientation v % 8: (v % 4) counter-clockwise quarter turns, then for 4 … 7 a vertical flip. It shows the
 * whole oriented image (v < 8), its top half (8 … 15) or its bottom half (16 … 23). These are DocClassifier's views
 * (Docsaid, 2024) without the label overlaps of its published tables.
 *
 * @param size Side of the output in pixels.
 * @param target Memory of size × size × 3 bytes for the result; default new memory.
 * @throws RangeError if the view is not an integer in [0, 24), or the image's data or the target does not fit its sides.
 */
export function applyView(image: Image, view: number, size: number, target?: Uint8Array): Image {
  return warpView(image, view, size, identityAffine, 'replicate', target);
}

/** Returns a view with a further affine map of the output's unit square, in one resampling. */
export function warpView(
  image: Image,
  view: number,
  size: number,
  geometry: Affine,
  border: Border,
  target?: Uint8Array,
): Image {
  checkImage(image, 'applyView');
  if (!Number.isInteger(view) || view < 0 || view >= VIEW_COUNT) {
    throw new RangeError(`applyView: the view must be an integer in [0, ${VIEW_COUNT}), not ${view}.`);
  }
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`applyView: the output side must be a positive integer, not ${size}.`);
  }
  const region = viewRegion(view, image.width, image.height);
  return warp(image, region, composeAffine(orientation(view % 8), geometry), size, border, target);
}

/** Returns the map from the unit square of the oriented image to that of the original. */
function orientation(index: number): Affine {
  const turn = TURNS[index % 4];
  return index < 4 ? turn : composeAffine(turn, [1, 0, 0, 0, -1, 1]);
}

const TURNS: readonly Affine[] = [
  [1, 0, 0, 0, 1, 0],
  [0, -1, 1, 1, 0, 0],
  [-1, 0, 1, 0, -1, 1],
  [0, 1, 0, -1, 0, 1],
];

/** Returns the region a view shows, in whole pixels; for an odd side the bottom half includes the middle row. */
function viewRegion(view: number, width: number, height: number): Region {
  const whole = { x: 0, y: 0, width, height };
  if (view < 8) return whole;
  const [, stepX, , , stepY] = orientation(view % 8);
  // The downward direction of the oriented image is one of ±x, ±y in the original.
  const alongX = stepX !== 0;
  const side = alongX ? width : height;
  if (side < 2) {
    throw new RangeError(
      `applyView: a ${width} × ${height} image cannot be halved; a half view needs sides of at least 2 pixels.`,
    );
  }
  const topLength = Math.floor(side / 2);
  const length = view < 16 ? topLength : side - topLength;
  const forward = (alongX ? stepX : stepY) > 0;
  const atStart = forward === view < 16;
  const start = atStart ? 0 : side - length;
  return alongX ? { x: start, y: 0, width: length, height } : { x: 0, y: start, width, height: length };
}
