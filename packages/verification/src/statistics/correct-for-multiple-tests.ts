import { adjustPValues } from './adjust-p-values.js';
import type { DifferenceOptions, PairedDifference } from './paired-difference.js';
import { seedsToResolve } from './seeds-to-resolve.js';

/** A difference corrected for the other tests of its study. */
export interface CorrectedDifference {
  /**
   * The difference, with `seedsToResolve` at Bonferroni's level, (1 − confidence) / number of tests. It is a slightly
   * conservative stand-in for Holm's.
   */
  difference: PairedDifference;
  /** The p-value after Holm's correction over all tests. The difference is resolved if it is at most 1 − confidence. */
  adjustedPValue: number;
}

/**
 * Corrects the differences that one study tests together, in order. The probability that any of them is falsely called
 * resolved is then at most 1 − confidence.
 *
 * @throws RangeError if a difference has fewer than two pairs, and thus no test, or an option is out of range.
 */
export function correctForMultipleTests(
  differences: readonly PairedDifference[],
  { confidence = 0.95, power }: Pick<DifferenceOptions, 'confidence' | 'power'> = {},
): CorrectedDifference[] {
  const alpha = (1 - confidence) / differences.length;
  const tested = differences.map((difference) => {
    const { n, pValue, std } = difference;
    if (pValue === undefined || std === undefined) {
      throw new RangeError(`A difference of ${n} pair has no test. Pass differences of at least two pairs.`);
    }
    return { difference, pValue, std };
  });
  const adjusted = adjustPValues(tested.map(({ pValue }) => pValue));
  return tested.map(({ difference, std }, k) => ({
    difference: {
      ...difference,
      seedsToResolve: seedsToResolve(difference.mean, std, { alpha, power }),
    },
    adjustedPValue: adjusted[k],
  }));
}
