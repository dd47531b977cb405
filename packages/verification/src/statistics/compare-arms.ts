import { checkConfidence } from './checks.js';
import { correctForMultipleTests } from './correct-for-multiple-tests.js';
import { type DifferenceOptions, type PairedDifference, testDifference } from './paired-difference.js';
import { type Summary, summarize } from './summarize.js';

/** The result of one run of a study. */
export interface ArmRun {
  arm: string;
  /** What the run shares with the runs of the other arms that it is compared with. */
  seed: number;
  value: number;
}

/**
 * `higher` and `lower`: the arm's mean differs from the base's, resolved by the data. `unresolved`: it may differ, and
 * the data do not say. `untested`: fewer than two seeds are shared with the base, so nothing can be said.
 */
export type Verdict = 'higher' | 'lower' | 'unresolved' | 'untested';

/** One arm beside the base arm. */
export interface ArmComparison {
  arm: string;
  /** Of all of the arm's runs. */
  summary: Summary;
  /**
   * Against the base, over the seeds that both have; undefined when they share none. Its seeds to resolve are corrected over
   * all tested arms, as the verdict is.
   */
  difference?: PairedDifference;
  /** Seeds of `difference`, ascending. */
  seeds: number[];
  /** Seeds that only one of the two has, ascending: they are in its summary and in no difference. */
  unpairedSeeds: number[];
  /** The p-value after Holm's correction over all tested arms; undefined when `verdict` is `untested`. */
  adjustedPValue?: number;
  verdict: Verdict;
}

/** A study's arms beside its base. */
export interface StudyComparison {
  base: { arm: string; summary: Summary };
  /** In the order in which the arms first appear. */
  arms: ArmComparison[];
}

/**
 * A study's arms against its base arm, paired by seed. An arm is called higher or lower when the paired t test's
 * p-value, after Holm's correction over the arms, is at most 1 − confidence: then the chance that any arm of the study
 * is called different without being so is at most that.
 *
 * @param runs In any order; arms need not have the same seeds.
 * @param base The arm that the others are compared with.
 * @throws RangeError when `base` has no run, an arm has two runs of one seed, a value is not finite, or an option is
 *   out of range.
 */
export function compareArms(
  runs: readonly ArmRun[],
  base: string,
  options: DifferenceOptions = {},
): StudyComparison {
  const { confidence = 0.95 } = options;
  checkConfidence(confidence);
  const bySeed = valuesByArm(runs);
  const baseRuns = bySeed.get(base);
  if (!baseRuns) {
    const known = [...bySeed.keys()].join(', ') || 'none';
    throw new RangeError(`No run is of the base arm "${base}". Arms with runs: ${known}.`);
  }
  const arms = [...bySeed].flatMap(([arm, armRuns]): ArmComparison[] => {
    if (arm === base) return [];
    const seeds = [...armRuns.keys()].filter((seed) => baseRuns.has(seed)).sort(ascending);
    const unpairedSeeds = [...new Set([...armRuns.keys(), ...baseRuns.keys()])]
      .filter((seed) => !armRuns.has(seed) || !baseRuns.has(seed))
      .sort(ascending);
    const difference = seeds.length
      ? testDifference(
          seeds.map((seed) => baseRuns.get(seed)!),
          seeds.map((seed) => armRuns.get(seed)!),
          options,
        )
      : undefined;
    const summary = summarize([...armRuns.values()], confidence);
    return [{ arm, summary, difference, seeds, unpairedSeeds, verdict: 'untested' }];
  });
  const tested = arms.filter(({ difference }) => difference?.pValue !== undefined);
  const corrected = correctForMultipleTests(
    tested.map(({ difference }) => difference!),
    options,
  );
  tested.forEach((comparison, k) => {
    const { difference, adjustedPValue } = Object.assign(comparison, corrected[k]);
    const resolved = adjustedPValue <= 1 - confidence;
    comparison.verdict = !resolved ? 'unresolved' : difference.mean > 0 ? 'higher' : 'lower';
  });
  return { base: { arm: base, summary: summarize([...baseRuns.values()], confidence) }, arms };
}

function valuesByArm(runs: readonly ArmRun[]): Map<string, Map<number, number>> {
  const byArm = new Map<string, Map<number, number>>();
  for (const { arm, seed, value } of runs) {
    if (!Number.isFinite(value)) {
      throw new RangeError(
        `The value of arm "${arm}", seed ${seed}, is ${value}. A run without a result has no place here.`,
      );
    }
    const bySeed = byArm.get(arm) ?? new Map<number, number>();
    if (bySeed.has(seed)) throw new RangeError(`Arm "${arm}" has two runs of seed ${seed}.`);
    byArm.set(arm, bySeed.set(seed, value));
  }
  return byArm;
}

function ascending(x: number, y: number): number {
  return x - y;
}
