import { checkConfidence } from './checks.js';
import { noncentralTBelow, normalQuantile, tQuantile } from './distributions.js';

/** What a planned comparison must reach. */
export interface PowerOptions {
  /** How often a difference of nothing may be called one: the level of the two-sided test. Default 0.05. */
  alpha?: number;
  /** How often the difference must be found. Default 0.8. */
  power?: number;
}

/** Above this many the normal distribution stands for Student's t: it is off by less than one run in a thousand. */
const LARGE = 2000;

/**
 * How often a two-sided paired t test of `n` pairs at level `alpha` finds a true mean difference `effect` standard
 * deviations of the differences from 0, by the noncentral t distribution.
 *
 * @param effect Mean over standard deviation of the differences (Cohen's d_z).
 * @throws RangeError when `n` is not an integer of at least 2, or `alpha` is not in (0, 1).
 * @see Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988, section 2.
 */
export function pairedTPower(effect: number, n: number, alpha = 0.05): number {
  checkConfidence(alpha, 'alpha');
  if (!Number.isInteger(n) || n < 2) throw new RangeError(`n must be an integer of at least 2, got ${n}.`);
  const df = n - 1;
  const critical = tQuantile(1 - alpha / 2, df);
  const shift = Math.abs(effect) * Math.sqrt(n);
  return 1 - noncentralTBelow(critical, df, shift) + noncentralTBelow(-critical, df, shift);
}

/**
 * How many seeds (pairs of runs) a paired t test needs to find the difference that was seen, if it is the true one and
 * the spread too. Both are themselves estimates from few runs: read it as an order of size.
 *
 * @param mean Of the paired differences.
 * @param std Of the paired differences, the sample's.
 * @returns At least 2; Infinity for a difference of 0.
 * @throws RangeError when `mean` is not finite, `std` is negative or not finite, or an option is out of (0, 1).
 */
export function seedsToResolve(
  mean: number,
  std: number,
  { alpha = 0.05, power = 0.8 }: PowerOptions = {},
): number {
  checkConfidence(alpha, 'alpha');
  checkConfidence(power, 'power');
  if (!Number.isFinite(mean)) throw new RangeError(`mean must be a finite number, got ${mean}.`);
  if (!(std >= 0) || !Number.isFinite(std)) {
    throw new RangeError(`std must be a finite number of at least 0, got ${std}.`);
  }
  if (mean === 0) return Number.POSITIVE_INFINITY;
  if (std === 0) return 2;
  const effect = Math.abs(mean) / std;
  const asNormal = ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) / effect) ** 2;
  if (asNormal > LARGE) return Math.ceil(asNormal);
  // Power grows with n, and t needs a few more than the normal distribution.
  let low = 2;
  let high = Math.ceil(asNormal) + 20;
  while (pairedTPower(effect, high, alpha) < power) high *= 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pairedTPower(effect, middle, alpha) >= power) high = middle;
    else low = middle + 1;
  }
  return low;
}
