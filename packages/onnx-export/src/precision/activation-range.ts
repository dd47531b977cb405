/** Smallest and largest value of an activation that uint8 represents. */
export interface Range {
  low: number;
  high: number;
}

/** What the graph computes from each value next. */
export type Effect = (value: number) => number;

const LEVELS = 255;
/** Values of each image that are kept; enough for the shape of the distribution. */
const SAMPLES = 512;
/** Fractions of the extremes that are tried as bounds. */
const FRACTIONS = Array.from({ length: 25 }, (_, i) => 1 - i * 0.04);
/** Rounds in which each bound is searched, given the other. */
const ROUNDS = 2;

/** Collects values of an activation, and finds the range that represents them with the least squared error. */
export class ActivationRange {
  #low = 0;
  #high = 0;
  readonly #samples: number[] = [];
  readonly #effect: Effect;

  /** @param effect Function after which errors count: a value that it maps to 0 need not be represented. */
  constructor(effect: Effect = (value) => value) {
    this.#effect = effect;
  }

  /** Adds the values of one image. @returns false if one is NaN. */
  add(values: Float32Array): boolean {
    for (const value of values) {
      if (value < this.#low) this.#low = value;
      else if (value > this.#high) this.#high = value;
      else if (!(value >= this.#low)) return false;
    }
    // An odd step visits all channels and positions of the usual, even sizes.
    const step = Math.max(1, Math.floor(values.length / SAMPLES)) | 1;
    for (let i = 0; i < values.length; i += step) this.#samples.push(values[i]);
    return true;
  }

  /** Returns the range. Rare extremes are clipped if the other values are then represented better. */
  find(): Range {
    const expected = this.#samples.map(this.#effect);
    const [lowest, highest] = [this.#low, this.#high];
    let best: Range = { low: lowest, high: highest };
    let least = this.#squaredError(expected, best, Number.POSITIVE_INFINITY);
    const attempt = (range: Range) => {
      const error = this.#squaredError(expected, range, least);
      if (error < least) [best, least] = [range, error];
    };
    for (let round = 0; round < ROUNDS; round++) {
      for (const fraction of FRACTIONS) attempt({ ...best, low: lowest * fraction });
      for (const fraction of FRACTIONS) attempt({ ...best, high: highest * fraction });
    }
    return best;
  }

  /** Sums the squared errors of a range, up to `limit`. */
  #squaredError(expected: readonly number[], { low, high }: Range, limit: number): number {
    const scale = (high - low) / LEVELS;
    if (!(scale > 0)) return Number.POSITIVE_INFINITY;
    let sum = 0;
    for (let i = 0; i < expected.length && sum < limit; i++) {
      const clipped = Math.min(high, Math.max(low, this.#samples[i]));
      const difference = this.#effect(Math.round((clipped - low) / scale) * scale + low) - expected[i];
      sum += difference * difference;
    }
    return sum;
  }
}

/** What calibration finds out about an activation. */
export interface Activation {
  range: Range;
  /** Mean of each channel. */
  means: Float64Array;
}
