import { type BootstrapIntervals, type BootstrapOptions, bootstrapMean } from './bootstrap-mean.js';
import { tTwoSidedPValue } from './distributions.js';
import { type PowerOptions, seedsToResolve } from './seeds-to-resolve.js';
import { type Summary, summarize } from './summarize.js';

/** Options of a comparison of two arms. */
export interface DifferenceOptions extends BootstrapOptions, Pick<PowerOptions, 'power'> {}

/** The paired differences between two arms, and their statistics. */
export interface PairedDifference extends Summary {
  /** One difference per pair, in order. */
  differences: number[];
  /** Bootstrap intervals of the mean; undefined for one pair. */
  bootstrap?: BootstrapIntervals;
  /** The p-value of the two-sided paired t test; undefined for one pair. */
  pValue?: number;
  /** Pairs required to detect a difference of the observed size at level 1 − confidence; undefined for one pair. */
  seedsToResolve?: number | null;
}

/**
 * Computes the differences `arm[k] - base[k]`: mean, standard deviation, Student's t interval, bootstrap intervals and
 * paired t test. Pairing cancels the variation that both runs share, such as the seed, the split or the order of the data.
 *
 * @param base One result per seed.
 * @param arm The other arm's results for the same seeds, in the same order.
 * @throws RangeError if the lengths differ or are 0, a value is not finite, or an option is out of range.
 */
export function pairedDifference(
  base: readonly number[],
  arm: readonly number[],
  options: DifferenceOptions = {},
): PairedDifference {
  const difference = testDifference(base, arm, options);
  const { mean, std } = difference;
  if (std === undefined) return difference;
  const { confidence = 0.95, power } = options;
  return { ...difference, seedsToResolve: seedsToResolve(mean, std, { alpha: 1 - confidence, power }) };
}

/** Does what `pairedDifference` does, without `seedsToResolve`, which depends on the number of tests. */
export function testDifference(
  base: readonly number[],
  arm: readonly number[],
  options: DifferenceOptions,
): Omit<PairedDifference, 'seedsToResolve'> {
  if (base.length !== arm.length) {
    throw new RangeError(
      `base has ${base.length} values and arm has ${arm.length}. Expected one of each per seed.`,
    );
  }
  const differences = arm.map((value, k) => value - base[k]);
  const summary = summarize(differences, options.confidence);
  const { n, mean, std } = summary;
  if (std === undefined) return { ...summary, differences };
  return {
    ...summary,
    differences,
    bootstrap: bootstrapMean(differences, options),
    // The t statistic is undefined for equal differences. They are certain: either 0 or not.
    pValue: std > 0 ? tTwoSidedPValue(mean / (std / Math.sqrt(n)), n - 1) : mean === 0 ? 1 : 0,
  };
}
