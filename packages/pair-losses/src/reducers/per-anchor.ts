import type { Reducer } from './reducer.js';

/**
 * Mean over all rows of the mean of each row's elements, by the anchor. A row without elements counts as 0.
 *
 * pytorch-metric-learning's `PerAnchorReducer` refuses triplets; here they are averaged in the same way.
 */
export class PerAnchorReducer implements Reducer {
  rowWeights(counts: Float64Array): Float32Array {
    return Float32Array.from(counts, (count) => (count > 0 ? 1 / (count * counts.length) : 0));
  }
}
