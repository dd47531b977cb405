import { checkConfidence } from './checks.js';
import { correctForMultipleTests } from './correct-for-multiple-tests.js';
import { type DifferenceOptions, type PairedDifference, testDifference } from './paired-difference.js';
import { type Summary, summarize } from './summarize.js';

/** The result of one run of a study. */
export interface ArmRun {
  arm: string;
  /** Seed of the run. Runs of different arms with the same seed form a pair. */
  seed: number;
  value: number;
}

/**
 * The outcome of one arm's test. `higher` or `lower`: the data resolve that the arm's mean differs from the base's.
 * `unresolved`: the data do not show a difference. `untested`: the arm shares fewer than two seeds with the base.
 */
export type Verdict = 'higher' | 'lower' | 'unresolved' | 'untested';

/** The comparison of one arm with the base arm. */
export interface ArmComparison {
  arm: string;
  /** Summary of all runs of the arm. */
  summary: Summary;
  /**
   * Difference from the base over the shared seeds; undefined if there are none. Like the verdict, its `seedsToResolve` is
   * corrected for the number of tested arms.
   */
  difference?: PairedDifference;
  /** Seeds of `difference`, ascending. */
  seeds: number[];
  /** Seeds that only the arm or only the base has, ascending. They count in a summary but not in the difference. */
  unpairedSeeds: number[];
  /** The p-value after Holm's correction over all tested arms; undefined if `verdict` is `untested`. */
  adjustedPValue?: number;
  verdict: Verdict;
}

/** The comparison of a study's arms with its base arm. */
export interface StudyComparison {
  base: { arm: string; summary: Summary };
  /** In the order in which the arms first appear. */
  arms: ArmComparison[];
}

/**
 * Compares a study's arms with its base arm, paired by seed. The verdict is `higher` or `lower` if the p-value of the
 * paired t test, after Holm's correction over the arms, is at most 1 − confidence. This bounds the probability that the
 * study reports any false difference by 1 − confidence.
 *
 * @param runs Runs in any order. Arms need not have the same seeds.
 * @param base The arm with which the others are compared.
 * @throws RangeError if `base` has no run, an arm has two runs with one seed, a value is not finite, or an option is out of
 *   range.
 */
export function compareArms(
  runs: readonly ArmRun[],
  base: string,
  options: DifferenceOptions = {},
): StudyComparison {
  const { confidence = 0.95 } = options;
  checkConfidence(confidence);
  const runsByArm = groupByArm(runs);
  const baseRuns = runsByArm.get(base);
  if (!baseRuns) {
    const known = [...runsByArm.keys()].join(', ') || 'none';
    throw new RangeError(`The base arm "${base}" has no run. Arms with runs: ${known}.`);
  }
  const arms = [...runsByArm].flatMap(([arm, armRuns]): ArmComparison[] => {
    if (arm === base) return [];
    const pairs = [...armRuns]
      .flatMap(([seed, armValue]) => {
        const baseValue = baseRuns.get(seed);
        return baseValue === undefined ? [] : [{ seed, armValue, baseValue }];
      })
      .sort((x, y) => x.seed - y.seed);
    const unpairedSeeds = [...new Set([...armRuns.keys(), ...baseRuns.keys()])]
      .filter((seed) => !armRuns.has(seed) || !baseRuns.has(seed))
      .sort((x, y) => x - y);
    const difference = pairs.length
      ? testDifference(
          pairs.map(({ baseValue }) => baseValue),
          pairs.map(({ armValue }) => armValue),
          options,
        )
      : undefined;
    const seeds = pairs.map(({ seed }) => seed);
    const summary = summarize([...armRuns.values()], confidence);
    return [{ arm, summary, difference, seeds, unpairedSeeds, verdict: 'untested' }];
  });
  const tested = arms.flatMap((comparison) => {
    const { difference } = comparison;
    return difference?.pValue === undefined ? [] : [{ comparison, difference }];
  });
  const corrected = correctForMultipleTests(
    tested.map(({ difference }) => difference),
    options,
  );
  tested.forEach(({ comparison }, k) => {
    const { difference, adjustedPValue } = Object.assign(comparison, corrected[k]);
    const resolved = adjustedPValue <= 1 - confidence;
    comparison.verdict = !resolved ? 'unresolved' : difference.mean > 0 ? 'higher' : 'lower';
  });
  return { base: { arm: base, summary: summarize([...baseRuns.values()], confidence) }, arms };
}

function groupByArm(runs: readonly ArmRun[]): Map<string, Map<number, number>> {
  const byArm = new Map<string, Map<number, number>>();
  for (const { arm, seed, value } of runs) {
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `The value of arm "${arm}", seed ${seed}, is ${value}. Leave out runs without a finite result.`,
      );
    }
    const bySeed = byArm.get(arm) ?? new Map<number, number>();
    if (bySeed.has(seed)) throw new RangeError(`Arm "${arm}" has two runs with seed ${seed}. Pass one.`);
    byArm.set(arm, bySeed.set(seed, value));
  }
  return byArm;
}
