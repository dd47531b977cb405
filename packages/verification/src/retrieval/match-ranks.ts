import type { UnitRows } from '../normalize-rows.js';
import { scoreTile, TILE } from '../score-tiles.js';

/** Rows of the gallery that do not count for a query. */
export interface IgnoredRows {
  /** The gallery row that is the query itself, or -1, for each query. */
  exclude?: Int32Array;
  /** Groups, such as cameras: gallery rows with the identity and the group of the query do not count. */
  queryGroups?: Int32Array;
  galleryGroups?: Int32Array;
}

/** Scores kept at once. It bounds the memory: 64 MiB, whatever the number of queries. */
const SCORES = 2 ** 24;

/**
 * Calls `visit` for each query with the ranks of its matches (gallery rows with its label) among the rows that count, in
 * ascending order. The best row has rank 1. Rows are ordered by score, and ties by row. The array is reused.
 */
export function forEachMatchRanks(
  queries: UnitRows,
  queryLabels: Int32Array,
  gallery: UnitRows,
  galleryLabels: Int32Array,
  ignored: IgnoredRows,
  visit: (query: number, ranks: Int32Array) => void,
): void {
  const rows = gallery.count;
  // The tile kernel computes four queries at once.
  const block = Math.max(4, Math.min(TILE, Math.floor(SCORES / Math.max(1, rows)) & ~3));
  const scores = new Float32Array(block * rows);
  const tile = new Float32Array(TILE * TILE);
  const ranks = matchRanker(rows);
  for (let i0 = 0; i0 < queries.count; i0 += block) {
    const iEnd = Math.min(i0 + block, queries.count);
    for (let j0 = 0; j0 < rows; j0 += TILE) {
      scoreTile(queries, i0, gallery, j0, tile, block);
      const columns = Math.min(TILE, rows - j0);
      for (let i = 0; i < iEnd - i0; i++) {
        scores.set(tile.subarray(i * TILE, i * TILE + columns), i * rows + j0);
      }
    }
    for (let i = i0; i < iEnd; i++) {
      const own = scores.subarray((i - i0) * rows, (i - i0 + 1) * rows);
      const label = queryLabels[i];
      const self = ignored.exclude?.[i] ?? -1;
      const group = ignored.queryGroups?.[i];
      const groups = ignored.galleryGroups;
      visit(
        i,
        ranks(own, (j) => {
          if (j === self) return 'ignored';
          if (galleryLabels[j] !== label) return 'other';
          return groups !== undefined && groups[j] === group ? 'ignored' : 'match';
        }),
      );
    }
  }
}

type Kind = 'match' | 'other' | 'ignored';

/** Returns a function that ranks the matches of one query without sorting the gallery. */
function matchRanker(rows: number): (scores: Float32Array, kindOf: (row: number) => Kind) => Int32Array {
  const matches = new Int32Array(rows);
  const ranks = new Int32Array(rows);
  return (scores, kindOf) => {
    let count = 0;
    for (let j = 0; j < rows; j++) if (kindOf(j) === 'match') matches[count++] = j;
    const sorted = matches.subarray(0, count).sort((a, b) => scores[b] - scores[a] || a - b);
    const found = ranks.subarray(0, count);
    // found[m] first counts the other rows between match m - 1 and match m.
    found.fill(0);
    if (count > 0) {
      const lowest = scores[sorted[count - 1]];
      for (let j = 0; j < rows; j++) {
        if (scores[j] < lowest || kindOf(j) !== 'other') continue;
        const at = firstBehind(scores, sorted, j);
        if (at < count) found[at]++;
      }
    }
    let others = 0;
    for (let m = 0; m < count; m++) {
      others += found[m];
      found[m] = others + m + 1;
    }
    return found;
  };
}

/** Returns the index of the first match that is ordered behind row `j`. */
function firstBehind(scores: Float32Array, sorted: Int32Array, j: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const match = sorted[middle];
    const behind = scores[match] < scores[j] || (scores[match] === scores[j] && match > j);
    if (behind) high = middle;
    else low = middle + 1;
  }
  return low;
}
