/** A figure measured several times. */
export interface Summary {
  median: number;
  low: number;
  high: number;
  /** How many times. */
  repetitions: number;
}

/**
 * The middle value; of an even count, the mean of the two middle ones.
 * @throws RangeError where there are no values.
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: there are no values.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median, extremes and count. */
export function summarize(values: readonly number[]): Summary {
  return {
    median: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
    repetitions: values.length,
  };
}

/**
 * How many times as large the one's values are as the other's: the summary of the quotients of values measured one after
 * the other, so that a machine that is slow for a while is slow for both. Values without a partner are left out.
 */
export function pairedRatio(ones: readonly number[], others: readonly number[]): Summary {
  const pairs = Math.min(ones.length, others.length);
  return summarize(Array.from({ length: pairs }, (_, i) => ones[i] / others[i]));
}

/** The mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
