import type { PairSource } from './pair-source.js';
import { type Pairs, toPairs } from './tuples.js';

/** Returns all pairs as lists, ordered by anchor. */
export function listPairs({ tuples, labels, referenceLabels, isSelf }: PairSource): Pairs {
  if (tuples) return toPairs(tuples);
  const lists: number[][] = [[], [], [], []];
  labels.forEach((label, row) => {
    referenceLabels.forEach((other, column) => {
      if (isSelf && column === row) return;
      const [anchors, others] = label === other ? lists : lists.slice(2);
      anchors.push(row);
      others.push(column);
    });
  });
  const [anchors, positives, negativeAnchors, negatives] = lists.map((list) => Int32Array.from(list));
  return { anchors, positives, negativeAnchors, negatives };
}
