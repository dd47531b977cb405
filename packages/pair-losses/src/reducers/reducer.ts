/**
 * Combines the losses of single elements (pairs, triplets or rows) into a scalar:
 * Σ rowWeight · loss / divisor, over the elements that the reducer keeps. Without elements the result is 0.
 */
export interface Reducer {
  /**
   * Returns the weight of each row's elements.
   * @param counts The number of elements per anchor row.
   * @param labels The class of each anchor row.
   * @returns One weight per row. Its values for rows without elements are not used.
   */
  rowWeights(counts: Float64Array, labels: Int32Array): Float32Array;

  /**
   * Keeps the losses above `low` and below `high`. A NaN is kept, so that the result shows it. Default: all.
   */
  readonly range?: { readonly low?: number; readonly high?: number };

  /**
   * What the sum is divided by, besides the row weights: the number of kept elements, or a divisor that the loss defines
   * (its number of elements if it defines none). Default: nothing.
   */
  readonly divisor?: 'kept' | 'loss';
}

/** Returns the same weight for all rows. */
export function equalWeights(rows: number, weight: number): Float32Array {
  return new Float32Array(rows).fill(weight);
}

/** Returns the number of elements of all rows. */
export function countAll(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
