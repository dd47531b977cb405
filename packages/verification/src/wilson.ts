/** A two-sided confidence interval of a proportion. */
export interface Interval {
  low: number;
  high: number;
}

/**
 * The Wilson score interval of a proportion: where the true rate lies when `successes` of `trials` independent
 * trials succeeded. It stays inside [0, 1] and is sensible at 0 and at `trials`, where the plain normal interval
 * is empty.
 *
 * @param z The normal quantile: 1.96 (default) for 95 %, 2.576 for 99 %.
 * @throws RangeError when `trials` is not a positive integer, `successes` is not in 0…trials, or `z` is not positive.
 * @see Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
 */
export function wilson(successes: number, trials: number, z = 1.96): Interval {
  if (!Number.isInteger(trials) || trials < 1) {
    throw new RangeError(`wilson: trials must be an integer of at least 1, got ${trials}.`);
  }
  if (!Number.isInteger(successes) || successes < 0 || successes > trials) {
    throw new RangeError(`wilson: successes must be an integer in 0…${trials} (trials), got ${successes}.`);
  }
  if (!(z > 0) || !Number.isFinite(z)) throw new RangeError(`wilson: z must be a positive number, got ${z}.`);
  const rate = successes / trials;
  const z2 = (z * z) / trials;
  const center = (rate + z2 / 2) / (1 + z2);
  const half = (z / (1 + z2)) * Math.sqrt((rate * (1 - rate)) / trials + z2 / (4 * trials));
  // At the ends the formula is exactly 0 or 1, but rounding can leave it a hair off.
  return {
    low: successes === 0 ? 0 : Math.max(0, center - half),
    high: successes === trials ? 1 : Math.min(1, center + half),
  };
}
