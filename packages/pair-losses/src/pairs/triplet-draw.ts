import { checkCount } from '../check.js';
import { createUniform } from '../miners/random.js';
import { drawTriplets } from './draw-triplets.js';
import { PairSource } from './pair-source.js';

/** Replaces all triplets of a batch by drawn ones; keeps those of a miner. */
export type TripletDraw = (pairs: PairSource) => PairSource;

/**
 * Returns a draw of this many triplets per anchor, or undefined to use all.
 * @throws RangeError unless the number is a positive integer.
 */
export function createTripletDraw(
  title: string,
  perAnchor: number | undefined,
  seed = 0,
): TripletDraw | undefined {
  if (perAnchor === undefined) return undefined;
  checkCount(`${title}: tripletsPerAnchor`, perAnchor);
  const random = createUniform(seed);
  return (pairs) => {
    if (pairs.tuples) return pairs;
    const { labels, referenceLabels, isSelf } = pairs;
    return new PairSource(
      labels,
      isSelf ? undefined : referenceLabels,
      drawTriplets(pairs, perAnchor, random),
    );
  };
}
