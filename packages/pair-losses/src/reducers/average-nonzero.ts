import { equalWeights, type Reducer } from './reducer.js';

/** Mean of the elements above 0; 0 if there are none. */
export class AvgNonZeroReducer implements Reducer {
  readonly divisor = 'kept';
  readonly range = { low: 0 };

  rowWeights(counts: Float64Array): Float32Array {
    return equalWeights(counts.length, 1);
  }
}
