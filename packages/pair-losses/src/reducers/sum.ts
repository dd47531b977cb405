import { equalWeights, type Reducer } from './reducer.js';

/** Sum of all elements. */
export class SumReducer implements Reducer {
  rowWeights(counts: Float64Array): Float32Array {
    return equalWeights(counts.length, 1);
  }
}
