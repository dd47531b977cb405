import { equalWeights, type Reducer } from './reducer.js';

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
  readonly range: { readonly low?: number; readonly high?: number };

  /** @throws RangeError if both limits are missing, a limit is NaN, or low is not below high. */
  constructor({ low, high }: ThresholdReducerOptions) {
    if ((low === undefined && high === undefined) || Number.isNaN(low) || Number.isNaN(high)) {
      throw new RangeError(
        `ThresholdReducer: low is ${low} and high is ${high}; pass at least one of them, as a number.`,
      );
    }
    if (low !== undefined && high !== undefined && low >= high) {
      throw new RangeError(`ThresholdReducer: low is ${low} and high is ${high}; low must be below high.`);
    }
    this.range = { low, high };
  }

  rowWeights(counts: Float64Array): Float32Array {
    return equalWeights(counts.length, 1);
  }
}
