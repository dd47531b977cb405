import { equalParts } from '@unitsphere/collectives';

/** Returns the positions of a rank's part of `count` images; parts differ by at most one image. */
export function rangeOfRank(count: number, rank: number, ranks: number): [from: number, to: number] {
  const parts = equalParts(count, ranks);
  const from = parts.slice(0, rank).reduce((sum, part) => sum + part, 0);
  return [from, from + parts[rank]];
}
