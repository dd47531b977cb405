import type { PairSource } from '../pairs/pair-source.js';
import type { KernelBlock } from './kernel.js';

/** One anchor's entries in the block's matrix. */
export interface KernelRow {
  /** The anchor's row in the batch. */
  row: number;
  /** Distances, which the kernel replaces by the gradient: a part of the block's matrix. */
  values: Float32Array;
  /** How often each column is a positive pair. */
  positive: Float32Array;
  /** How often each column is a negative pair. */
  negative: Float32Array;
}

/**
 * Calls `use` for each row of a block.
 * @param once Whether to count repeated pairs once.
 */
export function eachRow(
  { matrix, rows, columns, start }: KernelBlock,
  pairs: PairSource,
  once: boolean,
  use: (row: KernelRow) => void,
): void {
  const [positive, negative] = [new Float32Array(columns), new Float32Array(columns)];
  for (let row = 0; row < rows; row++) {
    pairs.fillRow(start + row, positive, negative, once);
    const values = matrix.subarray(row * columns, (row + 1) * columns);
    use({ row: start + row, values, positive, negative });
  }
}
