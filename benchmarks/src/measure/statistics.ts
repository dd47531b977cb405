/** Summary of a figure that was measured several times. */
export interface Summary {
  median: number;
  low: number;
  high: number;
  /** Number of measurements. */
  repetitions: number;
}

/**
 * Returns the middle value, or the mean of the two middle values if their number is even.
 * @throws RangeError if there are no values.
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: values must not be empty.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Returns the median, the extremes and the number of values. */
export function summarize(values: readonly number[]): Summary {
  return {
    median: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
    repetitions: values.length,
  };
}

/**
 * Summarizes the quotients `numerators[i] / denominators[i]`. Values with the same index were measured one after the other,
 * so a temporarily slow machine affects both. Values without a partner are ignored.
 */
export function pairedRatio(numerators: readonly number[], denominators: readonly number[]): Summary {
  const pairs = Math.min(numerators.length, denominators.length);
  return summarize(Array.from({ length: pairs }, (_, i) => numerators[i] / denominators[i]));
}

/** Returns the arithmetic mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
