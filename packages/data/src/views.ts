import { checkImage, type Image } from './image.js';
import { type Affine, type Border, composeAffine, identityAffine, type Region, warp } from './warp.js';

/** How many classes one picture gives: 8 orientations, each whole, its top half and its bottom half. */
export const VIEW_COUNT = 24;

/** How many views a class list uses: each identity as it is, or all 24 views of it, each a class of its own. */
export type ViewCount = 1 | typeof VIEW_COUNT;

/**
 * The label of a view class: position × views + view, so no two classes share one.
 *
 * @param position The identity's position among the training identities (not its index in the source).
 * @throws RangeError if the view is not in [0, views) or the position is negative.
 */
export function classLabel(position: number, view: number, views: ViewCount): number {
  if (!Number.isInteger(view) || view < 0 || view >= views) {
    throw new RangeError(`classLabel: the view must be an integer in [0, ${views}), not ${view}.`);
  }
  if (!Number.isInteger(position) || position < 0) {
    throw new RangeError(`classLabel: the position must be an integer from 0, not ${position}.`);
  }
  return position * views + view;
}

/**
 * One of the 24 views of a picture, resized to a square (the aspect ratio is not kept).
 *
 * View v is: orientation v % 8, that is (v % 4) quarter turns counter-clockwise, then, for 4 … 7, upside down
 * (flipped top to bottom); of it the whole (v < 8), the top half (8 … 15) or the bottom half (16 … 23). These are
 * DocClassifier's views (Docsaid, 2024) without the overlaps between labels its published tables had.
 *
 * @param size Side of the output in pixels.
 * @throws RangeError for a view that is not an integer in [0, 24), or an image whose bytes do not fit its sides.
 */
export function applyView(image: Image, view: number, size: number): Image {
  return warpView(image, view, size, identityAffine, 'replicate');
}

/** A view with a further map of the output's unit square, both done in one resampling. */
export function warpView(image: Image, view: number, size: number, geometry: Affine, border: Border): Image {
  checkImage(image, 'applyView');
  if (!Number.isInteger(view) || view < 0 || view >= VIEW_COUNT) {
    throw new RangeError(`applyView: the view must be an integer in [0, ${VIEW_COUNT}), not ${view}.`);
  }
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`applyView: the output side must be a positive integer, not ${size}.`);
  }
  const region = viewRegion(view, image.width, image.height);
  return warp(image, region, composeAffine(orientation(view % 8), geometry), size, border);
}

/** From the unit square of the oriented picture back to that of the picture itself. */
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

/** The part of the picture a view shows, in whole pixels; of an odd side the bottom half has the middle row. */
function viewRegion(view: number, width: number, height: number): Region {
  const whole = { x: 0, y: 0, width, height };
  if (view < 8) return whole;
  const [, stepX, , , stepY] = orientation(view % 8);
  // The oriented picture's downward direction, in the picture itself: one of ±x, ±y.
  const alongX = stepX !== 0;
  const side = alongX ? width : height;
  if (side < 2) {
    throw new RangeError(
      `applyView: a ${width} × ${height} image cannot be halved; it needs 2 pixels a side.`,
    );
  }
  const topLength = Math.floor(side / 2);
  const length = view < 16 ? topLength : side - topLength;
  const forward = (alongX ? stepX : stepY) > 0;
  const atStart = forward === view < 16;
  const start = atStart ? 0 : side - length;
  return alongX ? { x: start, y: 0, width: length, height } : { x: 0, y: start, width, height: length };
}
