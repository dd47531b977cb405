/** A two-sided confidence interval of a proportion. */
export interface Interval {
  low: number;
  high: number;
}

/**
 * Computes the Wilson score interval of a proportion: the confidence interval of the true rate if `successes` of `trials`
 * independent trials succeeded. It stays inside [0, 1]. Unlike the normal interval, it is not empty if no trial or every
 * trial succeeded.
 *
 * @param z The normal quantile: 1.96 (default) for 95 %, 2.576 for 99 %.
 * @throws RangeError if `trials` is not a positive integer, `successes` is not in 0…trials, or `z` is not positive.
 * @see Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
 */
export function wilsonInterval(successes: number, trials: number, z = 1.96): Interval {
  if (!Number.isInteger(trials) || trials < 1) {
    throw new RangeError(`trials must be an integer of at least 1, got ${trials}.`);
  }
  if (!Number.isInteger(successes) || successes < 0 || successes > trials) {
    throw new RangeError(`successes must be an integer in 0…${trials} (trials), got ${successes}.`);
  }
  if (!(z > 0) || !Number.isFinite(z)) throw new RangeError(`z must be a positive number, got ${z}.`);
  const rate = successes / trials;
  const z2 = (z * z) / trials;
  const center = (rate + z2 / 2) / (1 + z2);
  const half = (z / (1 + z2)) * Math.sqrt((rate * (1 - rate)) / trials + z2 / (4 * trials));
  // At the ends the exact value is 0 or 1; rounding can miss it.
  return {
    low: successes === 0 ? 0 : Math.max(0, center - half),
    high: successes === trials ? 1 : Math.min(1, center + half),
  };
}
