import { checkPoints, type Point } from './point.js';

/** A similarity transform: x′ = a·x − b·y + tx, y′ = b·x + a·y + ty. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * Returns the rotation, uniform scale and translation that map points to others with the least squared error. In two dimensions,
 * the solution of Umeyama's method is a quotient of complex numbers.
 * @throws RangeError if the numbers of points differ, a coordinate is not finite, or all points are one.
 * @see Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991; scikit-image's
 *   SimilarityTransform.
 */
export function estimateSimilarity(from: readonly Point[], to: readonly Point[]): Similarity {
  checkPoints(from, to.length, 'estimateSimilarity');
  checkPoints(to, to.length, 'estimateSimilarity');
  const [fromX, fromY] = meanOf(from);
  const [toX, toY] = meanOf(to);
  let [real, imaginary, squares] = [0, 0, 0];
  from.forEach(([pointX, pointY], i) => {
    const [x, y] = [pointX - fromX, pointY - fromY];
    const [u, v] = [to[i][0] - toX, to[i][1] - toY];
    real += x * u + y * v;
    imaginary += x * v - y * u;
    squares += x * x + y * y;
  });
  if (!(squares > 0)) {
    throw new RangeError('estimateSimilarity: all points are the same; give points at different places.');
  }
  const a = real / squares;
  const b = imaginary / squares;
  return { a, b, tx: toX - a * fromX + b * fromY, ty: toY - b * fromX - a * fromY };
}

function meanOf(points: readonly Point[]): Point {
  const sum = (axis: 0 | 1) => points.reduce((total, point) => total + point[axis], 0);
  return [sum(0) / points.length, sum(1) / points.length];
}
