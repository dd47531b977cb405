import { equalWeights, type Reducer } from './reducer.js';

/**
 * Sum of the elements, divided by a number that the loss defines: the violated margins in `MarginLoss`, the classes in
 * `ProxyAnchorLoss`. It is the mean for losses that define none, and 0 if the divisor is 0.
 */
export class DivisorReducer implements Reducer {
  readonly divisor = 'loss';

  rowWeights(counts: Float64Array): Float32Array {
    return equalWeights(counts.length, 1);
  }
}
