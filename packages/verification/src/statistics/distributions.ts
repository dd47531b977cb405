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
