/**
 * Pairs chosen by a miner, as rows of the batch. Positive pair i is (anchors[i], positives[i]); negative pair j is
 * (negativeAnchors[j], negatives[j]). With reference embeddings, positives and negatives are rows of the reference.
 */
export interface Pairs {
  anchors: Int32Array;
  positives: Int32Array;
  negativeAnchors: Int32Array;
  negatives: Int32Array;
}

/**
 * Triplets chosen by a miner, as rows of the batch: (anchors[i], positives[i], negatives[i]). With reference embeddings,
 * positives and negatives are rows of the reference.
 */
export interface Triplets {
  anchors: Int32Array;
  positives: Int32Array;
  negatives: Int32Array;
}

/** Pairs or triplets. Losses of pairs use (anchor, positive) and (anchor, negative) of each triplet. */
export type Tuples = Pairs | Triplets;

/** Returns whether the tuples are pairs. */
export function isPairs(tuples: Tuples): tuples is Pairs {
  return 'negativeAnchors' in tuples;
}

/** Returns pairs; a triplet is a positive and a negative pair of the same anchor. */
export function toPairs(tuples: Tuples): Pairs {
  if (isPairs(tuples)) return tuples;
  const { anchors, positives, negatives } = tuples;
  return { anchors, positives, negativeAnchors: anchors, negatives };
}

/** Returns triplets: every positive pair joined with every negative pair of the same anchor. */
export function toTriplets(tuples: Tuples): Triplets {
  if (!isPairs(tuples)) return tuples;
  const perAnchor = new Map<number, number[]>();
  tuples.negativeAnchors.forEach((anchor, k) => {
    const list = perAnchor.get(anchor);
    if (list) list.push(tuples.negatives[k]);
    else perAnchor.set(anchor, [tuples.negatives[k]]);
  });
  const [anchors, positives, negatives]: number[][] = [[], [], []];
  tuples.anchors.forEach((anchor, k) => {
    for (const negative of perAnchor.get(anchor) ?? []) {
      anchors.push(anchor);
      positives.push(tuples.positives[k]);
      negatives.push(negative);
    }
  });
  return {
    anchors: Int32Array.from(anchors),
    positives: Int32Array.from(positives),
    negatives: Int32Array.from(negatives),
  };
}

/**
 * Returns a weight in [0, 1] per row: how often it occurs in the tuples, relative to the most frequent row. All weights
 * are 1 without tuples.
 * @param anchorsOnly Whether to count only anchors. Default false.
 */
export function rowWeights(tuples: Tuples | undefined, rows: number, anchorsOnly = false): Float32Array {
  const lists = Object.entries(tuples ?? {})
    .filter(([name]) => !anchorsOnly || name === 'anchors' || name === 'negativeAnchors')
    .map(([, list]) => list as Int32Array);
  const counts = new Float32Array(rows);
  let largest = 0;
  for (const list of lists) for (const row of list) largest = Math.max(largest, ++counts[row]);
  return largest > 0 ? counts.map((count) => count / largest) : counts.fill(1);
}

/** @throws TypeError or RangeError unless lists are Int32Array of equal lengths, with rows that exist. */
export function checkTuples(title: string, tuples: Tuples, rows: number, columns: number): void {
  const check = (name: string, list: unknown, limit: number, other: { length: number }) => {
    if (!(list instanceof Int32Array)) {
      throw new TypeError(`${title}: tuples.${name} must be an Int32Array, as from a miner.`);
    }
    if (list.length !== other.length) {
      throw new RangeError(
        `${title}: tuples.${name} has ${list.length} entries for ${other.length} anchors; pass as many.`,
      );
    }
    const bad = list.findIndex((row) => row < 0 || row >= limit);
    if (bad >= 0) {
      throw new RangeError(
        `${title}: tuples.${name}[${bad}] is row ${list[bad]}, but there are ${limit} rows; mine this batch.`,
      );
    }
  };
  check('anchors', tuples.anchors, rows, tuples.anchors);
  check('positives', tuples.positives, columns, tuples.anchors);
  if (isPairs(tuples)) {
    check('negativeAnchors', tuples.negativeAnchors, rows, tuples.negativeAnchors);
    check('negatives', tuples.negatives, columns, tuples.negativeAnchors);
  } else check('negatives', tuples.negatives, columns, tuples.anchors);
}
