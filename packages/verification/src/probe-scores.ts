import type { UnitRows } from './normalize-rows.js';
import { scoreTile, TILE } from './score-tiles.js';

/** Numbers the distinct labels from 0 in order of first appearance. */
export function numberIdentities(labels: Int32Array): {
  identityOf: Map<number, number>;
  identityOfRow: Int32Array;
} {
  const identityOf = new Map<number, number>();
  const identityOfRow = labels.map((label) => {
    const identity = identityOf.get(label) ?? identityOf.size;
    identityOf.set(label, identity);
    return identity;
  });
  return { identityOf, identityOfRow };
}

/**
 * Calls `visit` for each probe with the scores of all enrolled identities. A score is the cosine of the identity's best
 * row. The array of scores is reused.
 */
export function forEachProbe(
  gallery: UnitRows,
  identityOfRow: Int32Array,
  identities: number,
  probes: UnitRows,
  visit: (probe: number, scores: Float32Array) => void,
): void {
  const best = new Float32Array(TILE * identities);
  const tile = new Float32Array(TILE * TILE);
  for (let i0 = 0; i0 < probes.count; i0 += TILE) {
    const iEnd = Math.min(i0 + TILE, probes.count);
    best.fill(Number.NEGATIVE_INFINITY);
    for (let j0 = 0; j0 < gallery.count; j0 += TILE) {
      scoreTile(probes, i0, gallery, j0, tile);
      const jEnd = Math.min(j0 + TILE, gallery.count);
      for (let i = i0; i < iEnd; i++) {
        for (let j = j0; j < jEnd; j++) {
          const at = (i - i0) * identities + identityOfRow[j];
          const score = tile[(i - i0) * TILE + (j - j0)];
          if (score > best[at]) best[at] = score;
        }
      }
    }
    for (let i = i0; i < iEnd; i++) {
      visit(i, best.subarray((i - i0) * identities, (i - i0 + 1) * identities));
    }
  }
}
