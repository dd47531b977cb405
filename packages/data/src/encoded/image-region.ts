import { alignFace, alignQuad, decodeBytes, type Point, type RgbImage, squash } from '@unitsphere/images';

/**
 * Values of an image's region: 4 of a box (left, top, right, bottom), 8 of the corners of a quadrilateral, 10 of the landmarks of a
 * face; the rest is NaN. Coordinates are pixels of the upright image.
 */
export const REGION_VALUES = 10;

const BOX = 4;
const CORNERS = 8;
/** Side of insightface's template of a face. */
const FACE_SIDE = 112;

/** Returns the region of an image; undefined if it is the whole image. */
export function regionAt(regions: Float64Array | undefined, image: number): Float64Array | undefined {
  const region = regions?.subarray(image * REGION_VALUES, (image + 1) * REGION_VALUES);
  return region && !Number.isNaN(region[0]) ? region : undefined;
}

/**
 * Decodes an image and cuts out its region: a box is cropped, a quadrilateral straightened (`alignQuad`), and a face aligned
 * (`alignFace`).
 * @param side Side in pixels of the result. If omitted, a box and a quadrilateral keep their size, and a face has 112 pixels.
 * @param target As in `decodeBytes`; ignored with a region.
 * @throws ImageError if the bytes cannot be decoded.
 * @throws Error if a box lies outside the image; RangeError if corners or landmarks have no valid shape.
 */
export async function decodeRegion(
  bytes: Uint8Array,
  region: Float64Array | undefined,
  side?: number,
  target?: Uint8Array,
): Promise<RgbImage> {
  if (!region) return decodeBytes(bytes, side, target);
  const cut = cutRegion(await decodeBytes(bytes), region, side);
  return side === undefined || (cut.width === side && cut.height === side) ? cut : squash(cut, side);
}

function cutRegion(image: RgbImage, region: Float64Array, side: number | undefined): RgbImage {
  const count = region.findIndex(Number.isNaN);
  if (count === BOX) return crop(image, region);
  const points = Array.from(
    { length: (count < 0 ? region.length : count) / 2 },
    (_, i): Point => [region[2 * i], region[2 * i + 1]],
  );
  if (count !== CORNERS) return alignFace(image, points, FACE_SIDE * Math.ceil((side ?? 1) / FACE_SIDE));
  return alignQuad(image, points, side === undefined ? sizeOf(points) : { width: side, height: side });
}

/** Crops a box. Its edges are rounded, and parts outside the image left out. */
function crop({ width, height, data }: RgbImage, [x1, y1, x2, y2]: Float64Array): RgbImage {
  const clip = (value: number, most: number) => Math.min(most, Math.max(0, Math.round(value)));
  const [left, top, right, bottom] = [clip(x1, width), clip(y1, height), clip(x2, width), clip(y2, height)];
  if (left >= right || top >= bottom) {
    throw new Error(`its box ${x1}, ${y1}, ${x2}, ${y2} has no pixel of the image of ${width} × ${height}`);
  }
  const rowBytes = 3 * (right - left);
  const cropped = new Uint8Array(rowBytes * (bottom - top));
  for (let row = top; row < bottom; row++) {
    const from = 3 * (row * width + left);
    cropped.set(data.subarray(from, from + rowBytes), (row - top) * rowBytes);
  }
  return { width: right - left, height: bottom - top, data: cropped };
}

/** Returns the size at which a quadrilateral keeps its pixels. */
function sizeOf([a, b, c, d]: readonly Point[]): { width: number; height: number } {
  const side = (p: Point, q: Point) => Math.hypot(p[0] - q[0], p[1] - q[1]);
  const longer = (one: number, other: number) =>
    Math.min(8192, Math.max(1, Math.round(Math.max(one, other))));
  return { width: longer(side(a, b), side(d, c)), height: longer(side(a, d), side(b, c)) };
}
