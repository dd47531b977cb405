import jStat from 'jstat';

/** The value that a Student's t variable stays below with probability `p`. */
export function tQuantile(p: number, df: number): number {
  return jStat.studentt.inv(p, df);
}

/** How often a Student's t variable is at least as far from 0 as `t`. */
export function tTwoSided(t: number, df: number): number {
  // By the incomplete beta function of a small argument: one minus a cumulative probability loses small ones.
  return t === 0 ? 1 : jStat.ibeta(df / (df + t * t), df / 2, 0.5);
}

/** How often a noncentral t variable is at most `t`. */
export function noncentralTBelow(t: number, df: number, noncentrality: number): number {
  return jStat.noncentralt.cdf(t, df, noncentrality);
}

/** The standard normal cumulative probability. */
export function normalBelow(z: number): number {
  return jStat.normal.cdf(z, 0, 1);
}

/** The value that a standard normal variable stays below with probability `p`. */
export function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  return jStat.normal.inv(p, 0, 1);
}
