import jStat from 'jstat';

/** Returns the `p` quantile of Student's t distribution. */
export function tQuantile(p: number, df: number): number {
  return jStat.studentt.inv(p, df);
}

/** Returns the two-sided p-value of a t statistic: P(|T| ≥ |t|). */
export function tTwoSidedPValue(t: number, df: number): number {
  // One minus a cumulative probability would cancel for small p-values; the incomplete beta function does not.
  return t === 0 ? 1 : jStat.ibeta(df / (df + t * t), df / 2, 0.5);
}

/** Returns the cumulative probability of the noncentral t distribution. */
export function noncentralTCdf(t: number, df: number, noncentrality: number): number {
  return jStat.noncentralt.cdf(t, df, noncentrality);
}

/** Returns the cumulative probability of the standard normal distribution. */
export function normalCdf(z: number): number {
  return jStat.normal.cdf(z, 0, 1);
}

/** Returns the `p` quantile of the standard normal distribution; ±Infinity at 1 and 0. */
export function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  return jStat.normal.inv(p, 0, 1);
}

/**
 * Returns the `p` quantile of the beta distribution. If `threshold` is the k-th highest of m independent scores, the rate of
 * scores at or above it is Beta(k, m + 1 − k), whatever the distribution of the scores.
 *
 * @param p Probability, from 0 to 1.
 * @param a First shape, positive.
 * @param b Second shape, positive.
 */
export function betaQuantile(p: number, a: number, b: number): number {
  // jStat.ibetainv stops early at small shapes; halving the interval does not.
  let [low, high] = [0, 1];
  for (let step = 0; step < 100 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (jStat.ibeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
