import { checkConfidence } from './checks.js';
import { noncentralTCdf, normalQuantile, tQuantile } from './distributions.js';

/** Error rates of a planned comparison. */
export interface PowerOptions {
  /** Level of the two-sided test, its false positive rate, in (0, 1). Default 0.05. */
  alpha?: number;
  /** Probability of detecting the difference, in (0, 1). Default 0.8. */
  power?: number;
}

/** Above this number of runs the normal distribution replaces Student's t, with an error below 0.1 %. */
const LARGE = 2000;

/**
 * Returns the power of a two-sided paired t test of `n` pairs at level `alpha`, by the noncentral t distribution.
 *
 * @param effect True mean of the differences over their standard deviation (Cohen's d_z).
 * @param n Number of pairs, at least 2.
 * @throws RangeError if `n` is not an integer of at least 2, or `alpha` is not in (0, 1).
 * @see Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988, section 2.
 */
export function pairedTPower(effect: number, n: number, alpha = 0.05): number {
  checkConfidence(alpha, 'alpha');
  if (!Number.isInteger(n) || n < 2) throw new RangeError(`n must be an integer of at least 2, got ${n}.`);
  const df = n - 1;
  const critical = tQuantile(1 - alpha / 2, df);
  const shift = Math.abs(effect) * Math.sqrt(n);
  return 1 - noncentralTCdf(critical, df, shift) + noncentralTCdf(-critical, df, shift);
}

/**
 * Returns the number of seeds (pairs of runs) that a paired t test requires to detect the observed difference, if its mean
 * and standard deviation are the true ones. Both are estimates from few runs, so the result is an order of magnitude.
 *
 * @param mean Mean of the paired differences.
 * @param std Sample standard deviation of the paired differences.
 * @returns At least 2; null if `mean` is 0, which no number of seeds resolves.
 * @throws RangeError if `mean` is not finite, `std` is negative or not finite, or an option is not in (0, 1).
 */
export function seedsToResolve(
  mean: number,
  std: number,
  { alpha = 0.05, power = 0.8 }: PowerOptions = {},
): number | null {
  checkConfidence(alpha, 'alpha');
  checkConfidence(power, 'power');
  if (!Number.isFinite(mean)) throw new RangeError(`mean must be a finite number, got ${mean}.`);
  if (!(std >= 0) || !Number.isFinite(std)) {
    throw new RangeError(`std must be finite and non-negative, got ${std}.`);
  }
  if (mean === 0) return null;
  if (std === 0) return 2;
  const effect = Math.abs(mean) / std;
  const normalEstimate = ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) / effect) ** 2;
  if (normalEstimate > LARGE) return Math.ceil(normalEstimate);
  // Power grows with n, and the t test requires a few more pairs than the normal distribution.
  let low = 2;
  let high = Math.ceil(normalEstimate) + 20;
  while (pairedTPower(effect, high, alpha) < power) high *= 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pairedTPower(effect, middle, alpha) >= power) high = middle;
    else low = middle + 1;
  }
  return low;
}
