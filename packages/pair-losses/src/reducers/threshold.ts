import type * as tf from '@tensorflow/tfjs-core';
import { equalWeights, isBetween, type Reducer } from './reducer.js';

/** Options of `ThresholdReducer`; at least one is required. */
export interface ThresholdReducerOptions {
  /** Keep only losses above this value. Default: no lower limit. */
  low?: number;
  /** Keep only losses below this value. Default: no upper limit. */
  high?: number;
}

/** Mean of the elements in (low, high); 0 if there are none. */
export class ThresholdReducer implements Reducer {
  readonly divisor = 'kept';
  readonly low: number | undefined;
  readonly high: number | undefined;

  /** @throws RangeError if both limits are missing, or if a limit is NaN. */
  constructor({ low, high }: ThresholdReducerOptions) {
    if ((low === undefined && high === undefined) || Number.isNaN(low) || Number.isNaN(high)) {
      throw new RangeError(
        `ThresholdReducer: low is ${low} and high is ${high}; pass at least one of them, as a number.`,
      );
    }
    this.low = low;
    this.high = high;
  }

  rowWeights(counts: Float64Array): Float32Array {
    return equalWeights(counts.length, 1);
  }

  keeps(losses: tf.Tensor): tf.Tensor {
    return isBetween(losses, this.low, this.high);
  }

  keepsLoss(loss: number): boolean {
    const { low, high } = this;
    return !(low !== undefined && loss <= low) && !(high !== undefined && loss >= high);
  }
}
