type Point = [number, number | null];

/** Averages points over at most `buckets` intervals of equal count. An interval without a finite value becomes a gap. */
export function meanPoints(points: readonly Point[], buckets = 120): Point[] {
  return byBucket(points, buckets).map((run) => {
    const finite = run.filter(([, y]) => isFiniteValue(y)) as [number, number][];
    const x = run.reduce((sum, [at]) => sum + at, 0) / run.length;
    return [x, finite.length ? finite.reduce((sum, [, y]) => sum + y, 0) / finite.length : null];
  });
}

/** Keeps the lowest and the highest point of each of at most `buckets` intervals of equal count, so that spikes remain. */
export function extremePoints(points: readonly Point[], buckets = 200): Point[] {
  if (points.length <= 2 * buckets) return points.map(([x, y]) => [x, isFiniteValue(y) ? y : null]);
  return byBucket(points, buckets).flatMap((run) => {
    const finite = run.filter(([, y]) => isFiniteValue(y)) as [number, number][];
    if (finite.length === 0) return [[run[0][0], null] as Point];
    const low = finite.reduce((best, p) => (p[1] < best[1] ? p : best));
    const high = finite.reduce((best, p) => (p[1] > best[1] ? p : best));
    return low[0] <= high[0] ? [low, high] : [high, low];
  });
}

function byBucket(points: readonly Point[], buckets: number): Point[][] {
  const count = Math.min(buckets, points.length);
  return Array.from({ length: count }, (_, b) =>
    points.slice(Math.floor((b * points.length) / count), Math.floor(((b + 1) * points.length) / count)),
  );
}

function isFiniteValue(value: number | null): boolean {
  return value !== null && Number.isFinite(value);
}
