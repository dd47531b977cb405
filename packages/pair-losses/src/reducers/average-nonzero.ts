import type * as tf from '@tensorflow/tfjs-core';
import { equalWeights, isBetween, type Reducer } from './reducer.js';

/** Mean of the elements above 0; 0 if there are none. */
export class AvgNonZeroReducer implements Reducer {
  readonly divisor = 'kept';

  rowWeights(counts: Float64Array): Float32Array {
    return equalWeights(counts.length, 1);
  }

  keeps(losses: tf.Tensor): tf.Tensor {
    return isBetween(losses, 0);
  }

  keepsLoss(loss: number): boolean {
    return !(loss <= 0);
  }
}
