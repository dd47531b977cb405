import type { Point } from './point.js';

/** A projective map: x′ = (m0·x + m1·y + m2) / (m6·x + m7·y + 1), y′ = (m3·x + m4·y + m5) / (m6·x + m7·y + 1). */
export type Homography = readonly [number, number, number, number, number, number, number, number];

/**
 * Returns the projective map from the rectangle width × height to a quadrilateral, whose corners are in the order of (0, 0),
 * (width, 0), (width, height), (0, height).
 * @see Heckbert, Fundamentals of texture mapping and image warping, 1989, section 2.2.3.
 */
export function rectangleToQuad(width: number, height: number, corners: readonly Point[]): Homography {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = corners;
  const [sumX, sumY] = [x0 - x1 + x2 - x3, y0 - y1 + y2 - y3];
  const [dx1, dy1] = [x1 - x2, y1 - y2];
  const [dx2, dy2] = [x3 - x2, y3 - y2];
  const determinant = dx1 * dy2 - dx2 * dy1;
  const g = (sumX * dy2 - dx2 * sumY) / determinant;
  const h = (dx1 * sumY - sumX * dy1) / determinant;
  return [
    (x1 - x0 + g * x1) / width,
    (x3 - x0 + h * x3) / height,
    x0,
    (y1 - y0 + g * y1) / width,
    (y3 - y0 + h * y3) / height,
    y0,
    g / width,
    h / height,
  ];
}
