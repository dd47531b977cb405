import type { PairSource } from './pair-source.js';
import type { Triplets } from './tuples.js';

/**
 * Draws triplets: for each anchor with a positive and a negative, `perAnchor` of each, uniformly and with replacement.
 * @param random Returns numbers in [0, 1).
 */
export function drawTriplets(source: PairSource, perAnchor: number, random: () => number): Triplets {
  const [anchors, positives, negatives]: number[][] = [[], [], []];
  const pick = (list: Int32Array) => list[Math.floor(random() * list.length)];
  for (let row = 0; row < source.rows; row++) {
    const [near, far] = [source.positivesOf(row), source.negativesOf(row)];
    if (near.length === 0 || far.length === 0) continue;
    for (let k = 0; k < perAnchor; k++) {
      anchors.push(row);
      positives.push(pick(near));
      negatives.push(pick(far));
    }
  }
  return {
    anchors: Int32Array.from(anchors),
    positives: Int32Array.from(positives),
    negatives: Int32Array.from(negatives),
  };
}
