import type { PairSource } from './pair-source.js';
import { type Pairs, toPairs } from './tuples.js';

/** Returns all pairs as lists, ordered by anchor. */
export function listPairs(source: PairSource): Pairs {
  if (source.tuples) return toPairs(source.tuples);
  const negatives = joinRows(source.rows, (row) => source.negativesOf(row));
  return { ...listPositives(source), negativeAnchors: negatives.anchors, negatives: negatives.columns };
}

/** Returns the positive pairs as lists, ordered by anchor. */
export function listPositives(source: PairSource): Pick<Pairs, 'anchors' | 'positives'> {
  if (source.tuples) return toPairs(source.tuples);
  const { anchors, columns } = joinRows(source.rows, (row) => source.positivesOf(row));
  return { anchors, positives: columns };
}

function joinRows(rows: number, columnsOf: (row: number) => Int32Array) {
  const lists = Array.from({ length: rows }, (_, row) => columnsOf(row));
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  const [anchors, columns] = [new Int32Array(total), new Int32Array(total)];
  let at = 0;
  for (const [row, list] of lists.entries()) {
    anchors.fill(row, at, at + list.length);
    columns.set(list, at);
    at += list.length;
  }
  return { anchors, columns };
}
