import { checkLabels, countRows, normalizeRows } from './normalize-rows.js';
import { forEachPairOfKind, orderByLabel } from './pairs.js';

/** Two rows of the embeddings and the cosine between them; `a < b`. */
export interface ScoredPair {
  a: number;
  b: number;
  score: number;
}

/** The pairs that a threshold misclassifies first. */
export interface HardestPairs {
  /** Pairs of different identities, highest score first. */
  negatives: ScoredPair[];
  /** Pairs of one identity, lowest score first. */
  positives: ScoredPair[];
}

/**
 * Finds the hardest pairs of a set of embeddings: pairs of different identities with the highest scores (the first false
 * accepts) and pairs of one identity with the lowest (the first false rejects). Equal scores are ordered by row.
 *
 * @param embeddings Row-major N×D; rows need not have unit length.
 * @param dimensions D.
 * @param labels The identity of each row, length N.
 * @param count The maximum number of pairs of each kind. Default 10.
 * @throws RangeError if sizes disagree, `count` is not a positive integer, or a row has a NaN, an infinity or zero length.
 *   The message names the row.
 */
export function hardestPairs(
  embeddings: Float32Array,
  dimensions: number,
  labels: Int32Array,
  count = 10,
): HardestPairs {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`count must be an integer of at least 1, got ${count}.`);
  }
  checkLabels(labels, countRows(embeddings, dimensions));
  const order = orderByLabel(labels);
  const sorted = order.map((row) => labels[row]);
  const rows = normalizeRows(embeddings, dimensions, 'embeddings', order);
  const collect = (positive: boolean): ScoredPair[] => {
    const direction = positive ? 1 : -1;
    const before = (x: ScoredPair, y: ScoredPair) =>
      direction * (x.score - y.score) || x.a - y.a || x.b - y.b;
    const best: ScoredPair[] = [];
    forEachPairOfKind(rows, sorted, positive, (batch) => {
      for (let k = 0; k < batch.length; k++) {
        const score = batch.scores[k];
        if (best.length === count && direction * (score - best[count - 1].score) > 0) continue;
        const x = order[batch.i[k]];
        const y = order[batch.j[k]];
        const pair = { a: Math.min(x, y), b: Math.max(x, y), score };
        const at = best.findIndex((other) => before(pair, other) < 0);
        best.splice(at < 0 ? best.length : at, 0, pair);
        if (best.length > count) best.pop();
      }
    });
    return best;
  };
  return { negatives: collect(false), positives: collect(true) };
}
