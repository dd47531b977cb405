import { Random } from '@unitsphere/core/random';
import type { Interval } from '../wilson.js';
import { checkConfidence, checkNumbers, meanAndStd } from './checks.js';
import { normalBelow, normalQuantile } from './distributions.js';

/** How a bootstrap is made. */
export interface BootstrapOptions {
  /** Of the intervals, in (0, 1). Default 0.95. */
  confidence?: number;
  /** Random resamples where there are too many to take all of. Default 10,000. */
  resamples?: number;
  /** Of the random resamples. Default 0. */
  seed?: number;
}

/** Two bootstrap intervals of a mean. */
export interface BootstrapIntervals {
  /** Between the quantiles of the resampled means. */
  percentile: Interval;
  /** Bias-corrected and accelerated: the same with quantiles moved for bias and skewness. */
  bca: Interval;
  /** True when every possible resample was taken, and nothing depends on `seed`. */
  exact: boolean;
}

/** The most values of which every resample is taken: 8^8 of them, in 6,435 distinct compositions. */
const EXACT_VALUES = 8;

/**
 * Bootstrap intervals of a mean: what the mean would be if the values were drawn again, with replacement, from
 * themselves. Of up to 8 values the distribution is taken whole, so the result depends on no seed.
 *
 * With few values both are too short, for they know no value outside those seen: of 3 values a 95 % interval is their
 * range, which holds the true median 3 times in 4. Decide by `pairedDifference`'s t test; show these beside it.
 *
 * @param values At least 2.
 * @throws RangeError when there are fewer than 2 values, one is not finite, or an option is out of range.
 * @see Efron, "Better bootstrap confidence intervals", JASA 1987; Efron & Tibshirani, "An Introduction to the
 *   Bootstrap", 1993, sections 13.3 and 14.3.
 */
export function bootstrapMean(
  values: readonly number[],
  { confidence = 0.95, resamples = 10_000, seed = 0 }: BootstrapOptions = {},
): BootstrapIntervals {
  checkNumbers(values, 'values');
  checkConfidence(confidence);
  if (values.length < 2) throw new RangeError('A bootstrap needs at least 2 values, got 1.');
  if (!Number.isInteger(resamples) || resamples < 100) {
    throw new RangeError(`resamples must be an integer of at least 100, got ${resamples}.`);
  }
  const n = values.length;
  const exact = n <= EXACT_VALUES;
  const sums = exact ? everySum(values) : randomSums(values, resamples, new Random(seed, 'bootstrap'));
  sums.sort((x, y) => x.sum - y.sum);
  const total = sums.reduce((sum, { weight }) => sum + weight, 0);
  const quantile = (p: number): number => {
    const target = p * total;
    let below = 0;
    for (const { sum, weight } of sums) {
      below += weight;
      if (below >= target) return sum / n;
    }
    return sums.at(-1)!.sum / n;
  };
  const tail = (1 - confidence) / 2;
  const { mean } = meanAndStd(values);

  // Bias: where the mean itself stands among the resampled ones, ties counting half.
  const near = 1e-12 * Math.max(...values.map(Math.abs));
  const standing = sums.reduce((sum, { sum: s, weight }) => {
    const difference = s / n - mean;
    return sum + (Math.abs(difference) <= near ? weight / 2 : difference < 0 ? weight : 0);
  }, 0);
  const bias = normalQuantile(standing / total);
  // Acceleration by the jackknife; of a mean, the skewness of the values over 6 √n.
  const cubes = values.reduce((sum, v) => sum + (v - mean) ** 3, 0);
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const acceleration = squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
  const moved = (p: number): number => {
    const z = bias + normalQuantile(p);
    return normalBelow(bias + z / (1 - acceleration * z));
  };
  return {
    percentile: { low: quantile(tail), high: quantile(1 - tail) },
    bca: { low: quantile(moved(tail)), high: quantile(moved(1 - tail)) },
    exact,
  };
}

interface WeightedSum {
  sum: number;
  weight: number;
}

/** The sum of every resample, as the ways to take each value so and so often with their number of orders. */
function everySum(values: readonly number[]): WeightedSum[] {
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

function randomSums(values: readonly number[], resamples: number, random: Random): WeightedSum[] {
  return Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let k = 0; k < values.length; k++) sum += values[random.int(values.length)];
    return { sum, weight: 1 };
  });
}
