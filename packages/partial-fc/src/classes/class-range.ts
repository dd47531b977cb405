/** Consecutive classes. */
export interface ClassRange {
  /** Number of the first class. */
  first: number;
  /** Number of classes. 0 for some ranks if there are fewer classes than ranks. */
  count: number;
}

/**
 * Returns the classes whose centers a rank owns. Ranks own equal parts in rank order; if the classes do not divide evenly,
 * the first ranks own one more. This is the division of insightface.
 */
export function classRange(classes: number, rank: number, size: number): ClassRange {
  const [each, left] = [Math.floor(classes / size), classes % size];
  return { first: each * rank + Math.min(rank, left), count: each + (rank < left ? 1 : 0) };
}
