import type { Interval } from '../wilson.js';
import { checkConfidence, checkNumbers, meanAndStd } from './checks.js';
import { tQuantile } from './distributions.js';

/** Summary statistics of repeated runs. */
export interface Summary {
  n: number;
  mean: number;
  /** Sample standard deviation (divisor n − 1); undefined for one value. */
  std?: number;
  /** Student's t interval of the mean; undefined for one value. */
  interval?: Interval;
}

/**
 * Computes the mean, the sample standard deviation and Student's t interval of the mean: `mean ± t · std / √n`, with t of
 * n − 1 degrees of freedom. The interval is exact for normal values and a good approximation for the seeds of one
 * configuration.
 *
 * @param values One result per run.
 * @param confidence Confidence level of the interval, in (0, 1). Default 0.95.
 * @throws RangeError if `values` is empty, a value is not finite, or `confidence` is out of range.
 * @see Student, "The probable error of a mean", Biometrika 1908.
 */
export function summarize(values: readonly number[], confidence = 0.95): Summary {
  checkNumbers(values, 'values');
  checkConfidence(confidence);
  const n = values.length;
  const { mean, std } = meanAndStd(values);
  if (n === 1) return { n, mean };
  const half = (tQuantile((1 + confidence) / 2, n - 1) * std) / Math.sqrt(n);
  return { n, mean, std, interval: { low: mean - half, high: mean + half } };
}
