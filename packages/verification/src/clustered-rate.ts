import type { Interval } from './wilson.js';

/** The rate of clustered trials, with its interval. */
export interface ClusteredRate {
  rate: number;
  interval: Interval;
}

/**
 * Computes the mean of values in [0, 1] that come in independent clusters, such as all images of one person. The interval
 * is Wilson's for the effective number of trials: the number of independent trials with the observed variance between
 * clusters, at most the number of values. If the values are all 0 or all 1, each cluster counts as one trial.
 *
 * @see Fogliato, Patil & Perona, "Confidence intervals for error rates in 1:1 matching tasks", IJCV 2024.
 */
export function clusteredRate(
  values: ArrayLike<number>,
  cluster: ArrayLike<number>,
  z = 1.96,
): ClusteredRate {
  const n = values.length;
  let sum = 0;
  for (let k = 0; k < n; k++) sum += values[k];
  const rate = sum / n;
  const deviations = new Map<number, number>();
  for (let k = 0; k < n; k++) {
    deviations.set(cluster[k], (deviations.get(cluster[k]) ?? 0) + values[k] - rate);
  }
  const clusters = deviations.size;
  let squares = 0;
  for (const deviation of deviations.values()) squares += deviation * deviation;
  const variance = ((squares / n / n) * clusters) / Math.max(1, clusters - 1);
  const effective = variance > 1e-15 ? Math.min(n, (rate * (1 - rate)) / variance) : clusters;
  return { rate, interval: wilsonOfRate(rate, effective, z) };
}

/** Computes Wilson's interval for a number of trials and of successes that need not be integers. */
function wilsonOfRate(rate: number, trials: number, z: number): Interval {
  const z2 = (z * z) / trials;
  const center = (rate + z2 / 2) / (1 + z2);
  const half = (z / (1 + z2)) * Math.sqrt((rate * (1 - rate)) / trials + z2 / (4 * trials));
  return {
    low: rate === 0 ? 0 : Math.max(0, center - half),
    high: rate === 1 ? 1 : Math.min(1, center + half),
  };
}
