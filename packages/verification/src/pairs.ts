import type { UnitRows } from './normalize-rows.js';
import { scoreTile, TILE } from './score-tiles.js';

/** Scored pairs of one tile, in the first `length` entries of each array. */
export interface PairBatch {
  scores: Float32Array;
  i: Int32Array;
  j: Int32Array;
  length: number;
}

/** Returns the row numbers sorted by label, ties by row. */
export function orderByLabel(labels: Int32Array): Int32Array {
  return Int32Array.from(labels.keys()).sort((x, y) => labels[x] - labels[y] || x - y);
}

/**
 * Scores every unordered pair of one kind, positive (two rows of one label) or negative. The batch passed to `visit` is
 * reused. `sorted` has the rows' labels in ascending order, so a tile has a positive pair only if its label ranges overlap.
 */
export function forEachPairOfKind(
  rows: UnitRows,
  sorted: Int32Array,
  positive: boolean,
  visit: (batch: PairBatch) => void,
): void {
  const tile = new Float32Array(TILE * TILE);
  const batch: PairBatch = {
    scores: new Float32Array(TILE * TILE),
    i: new Int32Array(TILE * TILE),
    j: new Int32Array(TILE * TILE),
    length: 0,
  };
  for (let i0 = 0; i0 < rows.count; i0 += TILE) {
    const iEnd = Math.min(i0 + TILE, rows.count);
    for (let j0 = i0; j0 < rows.count; j0 += TILE) {
      const jEnd = Math.min(j0 + TILE, rows.count);
      if (positive && sorted[iEnd - 1] < sorted[j0]) break;
      if (!positive && sorted[i0] === sorted[jEnd - 1]) continue;
      scoreTile(rows, i0, rows, j0, tile);
      collect(tile, sorted, positive, i0, iEnd, j0, jEnd, batch);
      visit(batch);
    }
  }
}

function collect(
  tile: Float32Array,
  sorted: Int32Array,
  positive: boolean,
  i0: number,
  iEnd: number,
  j0: number,
  jEnd: number,
  batch: PairBatch,
): void {
  let n = 0;
  for (let i = i0; i < iEnd; i++) {
    const at = (i - i0) * TILE - j0;
    for (let j = Math.max(j0, i + 1); j < jEnd; j++) {
      if ((sorted[i] === sorted[j]) !== positive) continue;
      batch.scores[n] = tile[at + j];
      batch.i[n] = i;
      batch.j[n] = j;
      n++;
    }
  }
  batch.length = n;
}
