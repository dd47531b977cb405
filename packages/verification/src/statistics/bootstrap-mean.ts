import { Random } from '@unitsphere/core/random';
import type { Interval } from '../wilson.js';
import { checkConfidence, checkNumbers, meanAndStd } from './checks.js';
import { normalCdf, normalQuantile } from './distributions.js';

/** Options of a bootstrap. */
export interface BootstrapOptions {
  /** Confidence level of the intervals, in (0, 1). Default 0.95. */
  confidence?: number;
  /** Number of random resamples, at least 100. Not used for up to 8 values. Default 10,000. */
  resamples?: number;
  /** Seed of the random resamples. Default 0. */
  seed?: number;
}

/** Two bootstrap intervals of a mean. */
export interface BootstrapIntervals {
  /** Interval between two quantiles of the resampled means. */
  percentile: Interval;
  /** Bias-corrected and accelerated interval, with quantiles adjusted for bias and skewness. */
  bca: Interval;
  /** Whether every possible resample was used, so that the result does not depend on `seed`. */
  exact: boolean;
}

/** The largest number of values for which all resamples are enumerated: 8^8 of them, in 6,435 distinct combinations. */
const EXACT_VALUES = 8;

/**
 * Computes bootstrap intervals of a mean by resampling the values with replacement. For up to 8 values it enumerates all
 * resamples, so the result does not depend on the seed.
 *
 * With few values both intervals are too short, because a resample has no value outside the observed ones. For 3 values a
 * 95 % interval is their range, which contains the true median in 3 of 4 cases. Base decisions on the t test of
 * `pairedDifference`, and report these intervals beside it.
 *
 * @param values At least 2.
 * @throws RangeError if there are fewer than 2 values, one is not finite, or an option is out of range.
 * @see Efron, "Better bootstrap confidence intervals", JASA 1987; Efron & Tibshirani, "An Introduction to the
 *   Bootstrap", 1993, sections 13.3 and 14.3.
 */
export function bootstrapMean(
  values: readonly number[],
  { confidence = 0.95, resamples = 10_000, seed = 0 }: BootstrapOptions = {},
): BootstrapIntervals {
  checkNumbers(values, 'values');
  checkConfidence(confidence);
  if (values.length < 2) throw new RangeError('A bootstrap requires at least 2 values, got 1.');
  if (!Number.isInteger(resamples) || resamples < 100) {
    throw new RangeError(`resamples must be an integer of at least 100, got ${resamples}.`);
  }
  const n = values.length;
  const exact = n <= EXACT_VALUES;
  const sums = exact
    ? sumAllResamples(values)
    : sumRandomResamples(values, resamples, new Random(seed, 'bootstrap'));
  sums.sort((x, y) => x.sum - y.sum);
  const total = sums.reduce((sum, { weight }) => sum + weight, 0);
  const quantile = (p: number): number => {
    const target = p * total;
    let below = 0;
    for (const { sum, weight } of sums) {
      below += weight;
      if (below >= target) return sum / n;
    }
    return sums[sums.length - 1].sum / n;
  };
  const tail = (1 - confidence) / 2;
  const { mean } = meanAndStd(values);

  // Bias from the share of resampled means below the mean, ties counting half.
  const near = 1e-12 * Math.max(...values.map(Math.abs));
  const weightBelow = sums.reduce((sum, { sum: s, weight }) => {
    const difference = s / n - mean;
    return sum + (Math.abs(difference) <= near ? weight / 2 : difference < 0 ? weight : 0);
  }, 0);
  const bias = normalQuantile(weightBelow / total);
  // The jackknife's acceleration of a mean is the skewness of the values over 6 √n.
  const cubes = values.reduce((sum, v) => sum + (v - mean) ** 3, 0);
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const acceleration = squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
  const adjustLevel = (p: number): number => {
    const z = bias + normalQuantile(p);
    return normalCdf(bias + z / (1 - acceleration * z));
  };
  return {
    percentile: { low: quantile(tail), high: quantile(1 - tail) },
    bca: { low: quantile(adjustLevel(tail)), high: quantile(adjustLevel(1 - tail)) },
    exact,
  };
}

interface WeightedSum {
  sum: number;
  weight: number;
}

/** Enumerates the multiplicities of the values in a resample. The weight is the number of orders (multinomial). */
function sumAllResamples(values: readonly number[]): WeightedSum[] {
  const n = values.length;
  const sums: WeightedSum[] = [];
  const take = (from: number, left: number, sum: number, weight: number): void => {
    if (from === n - 1) {
      sums.push({ sum: sum + left * values[from], weight });
      return;
    }
    for (let times = 0, ways = 1; times <= left; times++) {
      take(from + 1, left - times, sum + times * values[from], weight * ways);
      ways = (ways * (left - times)) / (times + 1);
    }
  };
  take(0, n, 0, 1);
  return sums;
}

function sumRandomResamples(values: readonly number[], resamples: number, random: Random): WeightedSum[] {
  return Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let k = 0; k < values.length; k++) sum += values[random.int(values.length)];
    return { sum, weight: 1 };
  });
}
