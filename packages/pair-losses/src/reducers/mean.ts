import { countAll, equalWeights, type Reducer } from './reducer.js';

/** Mean of all elements. */
export class MeanReducer implements Reducer {
  rowWeights(counts: Float64Array): Float32Array {
    return equalWeights(counts.length, 1 / Math.max(1, countAll(counts)));
  }
}
