/** Classes that follow one another. */
export interface ClassRange {
  /** The number of the first class. */
  first: number;
  /** How many there are; 0 where there are fewer classes than ranks. */
  count: number;
}

/**
 * The classes whose centers a rank owns: equal parts in rank order, the first ranks one more where it does not divide,
 * as in insightface.
 */
export function classRange(classes: number, rank: number, size: number): ClassRange {
  const [each, left] = [Math.floor(classes / size), classes % size];
  return { first: each * rank + Math.min(rank, left), count: each + (rank < left ? 1 : 0) };
}
