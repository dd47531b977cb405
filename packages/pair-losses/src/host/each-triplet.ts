import type { PairSource } from '../pairs/pair-source.js';
import type { KernelBlock } from './kernel.js';

/** Calls `use` for each row of a block with its triplets, as columns of the positive and the negative. */
export function eachTripletRow(
  { matrix, rows, columns, start }: KernelBlock,
  pairs: PairSource,
  use: (
    row: number,
    values: Float32Array,
    visit: (each: (near: number, far: number) => void) => void,
  ) => void,
): void {
  for (let row = 0; row < rows; row++) {
    const values = matrix.subarray(row * columns, (row + 1) * columns);
    const mined = pairs.minedTripletsOf(start + row);
    use(start + row, values, (each) => {
      if (mined) {
        for (let k = 0; k < mined.positives.length; k++) each(mined.positives[k], mined.negatives[k]);
        return;
      }
      const negatives = pairs.negativesOf(start + row);
      for (const positive of pairs.positivesOf(start + row)) {
        for (let k = 0; k < negatives.length; k++) each(positive, negatives[k]);
      }
    });
  }
}

/**
 * Replaces the distances of a block by the gradient of a loss of triplets.
 * @param derive Adds the loss of a triplet; returns its derivative by the positive's distance, the negative of that by the
 *   negative's.
 */
export function eachTriplet(
  block: KernelBlock,
  pairs: PairSource,
  derive: (near: number, far: number, row: number) => number,
): void {
  const distances = new Float32Array(block.columns);
  eachTripletRow(block, pairs, (row, values, visit) => {
    distances.set(values);
    values.fill(0);
    visit((positive, negative) => {
      const g = derive(distances[positive], distances[negative], row);
      values[positive] += g;
      values[negative] -= g;
    });
  });
}
