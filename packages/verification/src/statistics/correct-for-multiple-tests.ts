import { holm } from './holm.js';
import type { DifferenceOptions, PairedDifference } from './paired-difference.js';
import { seedsToResolve } from './seeds-to-resolve.js';

/** A difference that was tested with others. */
export interface CorrectedDifference {
  /**
   * As it was, but its seeds to resolve are at the level of one of all tests (Bonferroni's, of which Holm's is the sharper
   * form).
   */
  difference: PairedDifference;
  /** The p-value after Holm's correction over all tests: resolved where it is at most 1 − confidence. */
  adjustedPValue: number;
}

/**
 * Differences that one study tests together, in order, corrected for being several: the chance that any of them is called
 * resolved without being so is then at most 1 − confidence.
 * @throws RangeError for a difference of fewer than two pairs, which has no test, or an option that is out of range.
 */
export function correctForMultipleTests(
  differences: readonly PairedDifference[],
  { confidence = 0.95, power }: Pick<DifferenceOptions, 'confidence' | 'power'> = {},
): CorrectedDifference[] {
  const alpha = (1 - confidence) / differences.length;
  const adjusted = holm(
    differences.map(({ pValue, n }) => {
      if (pValue === undefined) throw new RangeError(`A difference of ${n} pair has no test.`);
      return pValue;
    }),
  );
  return differences.map((difference, k) => ({
    difference: {
      ...difference,
      seedsToResolve: seedsToResolve(difference.mean, difference.std!, { alpha, power }),
    },
    adjustedPValue: adjusted[k],
  }));
}
