/** A point of an image in pixels: x to the right, y down. */
export type Point = readonly [x: number, y: number];

/** @throws RangeError if there are not `count` points with finite coordinates. */
export function checkPoints(points: readonly Point[], count: number, caller: string): void {
  const areFinite = points.every((point) => point.length === 2 && point.every(Number.isFinite));
  if (points.length === count && areFinite) return;
  throw new RangeError(
    `${caller}: give ${count} points [x, y] with finite coordinates, not ${JSON.stringify(points)?.slice(0, 100)}.`,
  );
}
