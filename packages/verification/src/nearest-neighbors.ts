import { checkExclude } from './check-exclude.js';
import { normalizeRows } from './normalize-rows.js';
import { scoreTile, TILE } from './score-tiles.js';

/** Options of `nearestNeighbors`. */
export interface NearestNeighborsOptions {
  /**
   * The gallery row to skip for each query, or -1 for none. If the queries are gallery rows, pass their row numbers so
   * that no image finds itself.
   */
  exclude?: Int32Array;
}

/** The `k` best gallery rows of each query, best first: row-major Q×k. */
export interface Neighbors {
  /** Gallery rows. */
  indices: Int32Array;
  /** Their cosines with the query. */
  scores: Float32Array;
  k: number;
}

/**
 * Finds the `k` gallery rows with the highest cosine to each query, by exhaustive search. Ties are ordered by row.
 *
 * @param query Row-major Q×D; rows need not have unit length.
 * @param gallery Row-major G×D.
 * @param dimensions D.
 * @param k Number of neighbors, at most G (at most G - 1 if `exclude` names a row).
 * @throws RangeError if sizes disagree, `k` is out of range, an excluded row does not exist, or a row has a NaN, an
 *   infinity or zero length. The message names the row.
 */
export function nearestNeighbors(
  query: Float32Array,
  gallery: Float32Array,
  dimensions: number,
  k: number,
  options: NearestNeighborsOptions = {},
): Neighbors {
  const { exclude } = options;
  const q = normalizeRows(query, dimensions, 'query');
  const g = normalizeRows(gallery, dimensions, 'gallery');
  const available = g.count - (exclude?.some((row) => row >= 0) ? 1 : 0);
  if (!Number.isInteger(k) || k < 1 || k > available) {
    throw new RangeError(
      `k must be an integer in 1…${available} (the gallery rows to choose from), got ${k}.`,
    );
  }
  if (exclude) checkExclude(exclude, q.count, g.count);
  const indices = new Int32Array(q.count * k);
  const scores = new Float32Array(q.count * k).fill(Number.NEGATIVE_INFINITY);
  const tile = new Float32Array(TILE * TILE);
  for (let i0 = 0; i0 < q.count; i0 += TILE) {
    for (let j0 = 0; j0 < g.count; j0 += TILE) {
      scoreTile(q, i0, g, j0, tile);
      const iEnd = Math.min(i0 + TILE, q.count);
      const jEnd = Math.min(j0 + TILE, g.count);
      for (let i = i0; i < iEnd; i++) {
        const worst = (i + 1) * k - 1;
        for (let j = j0; j < jEnd; j++) {
          const score = tile[(i - i0) * TILE + (j - j0)];
          if (score <= scores[worst] || exclude?.[i] === j) continue;
          let at = worst;
          for (; at > i * k && scores[at - 1] < score; at--) {
            scores[at] = scores[at - 1];
            indices[at] = indices[at - 1];
          }
          scores[at] = score;
          indices[at] = j;
        }
      }
    }
  }
  return { indices, scores, k };
}
