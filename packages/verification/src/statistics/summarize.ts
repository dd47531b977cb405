import type { Interval } from '../wilson.js';
import { checkConfidence, checkNumbers, meanAndStd } from './checks.js';
import { tQuantile } from './distributions.js';

/** What repeated runs of one thing gave. */
export interface Summary {
  n: number;
  mean: number;
  /** The sample standard deviation (divisor n − 1); undefined of one value, which has no spread. */
  std?: number;
  /** Student's t interval of the mean; undefined of one value. */
  interval?: Interval;
}

/**
 * Mean, sample standard deviation and Student's t interval of the mean of repeated runs: `mean ± t · std / √n`, with t
 * of n − 1 degrees of freedom. Exact for normal values; the seeds of one configuration are near enough to it.
 *
 * @param values One result per run; their unit is the result's.
 * @param confidence Of the interval, in (0, 1). Default 0.95.
 * @throws RangeError when there is no value, one is not finite, or `confidence` is out of range.
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
