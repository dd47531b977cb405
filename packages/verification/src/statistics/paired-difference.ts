import { type BootstrapIntervals, type BootstrapOptions, bootstrapMean } from './bootstrap-mean.js';
import { tTwoSided } from './distributions.js';
import { type PowerOptions, seedsToResolve } from './seeds-to-resolve.js';
import { type Summary, summarize } from './summarize.js';

/** How two arms are compared. */
export interface DifferenceOptions extends BootstrapOptions, Pick<PowerOptions, 'power'> {}

/** What one arm has over another, run by run. */
export interface PairedDifference extends Summary {
  /** One difference per pair, in order. */
  differences: number[];
  /** Bootstrap intervals of the mean; undefined of one pair. */
  bootstrap?: BootstrapIntervals;
  /** Of the two-sided paired t test; undefined of one pair, which cannot be tested. */
  pValue?: number;
  /** Pairs that would find a difference as large as the one seen, at level 1 − confidence; undefined of one pair. */
  seedsToResolve?: number;
}

/**
 * The differences `arm[k] - base[k]` of runs that share what makes them vary (seed, split, order of the data), which a
 * pair cancels: their mean, spread, Student's t interval, bootstrap intervals and paired t test.
 *
 * @param base One result per seed.
 * @param arm The other arm's results for the same seeds, in the same order.
 * @throws RangeError when the lengths differ or are 0, a value is not finite, or an option is out of range.
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

/** `pairedDifference` but for the seeds to resolve, which are another number where several are tested together. */
export function testDifference(
  base: readonly number[],
  arm: readonly number[],
  options: DifferenceOptions,
): Omit<PairedDifference, 'seedsToResolve'> {
  if (base.length !== arm.length) {
    throw new RangeError(
      `base has ${base.length} values and arm ${arm.length}. Expected one of each per seed.`,
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
    // Without any spread the test is out of its depth: equal runs differ by nothing, others by the same every time.
    pValue: std > 0 ? tTwoSided(mean / (std / Math.sqrt(n)), n - 1) : mean === 0 ? 1 : 0,
  };
}
