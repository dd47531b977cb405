import type { ArmComparison } from '@unitsphere/verification/statistics';
import { formatCount } from '../report/format.js';
import { metricLabel } from './score.js';
import type { Metric } from './study-schema.js';

/** Who is compared with whom, and by what. */
export interface Compared {
  name: string;
  baseline: string;
  metric: Metric;
  /** Identities that a run holds out, where all runs have about as many. */
  heldOut?: number;
}

/** How {@link resolveWords} comes to its number, in a line. */
export const POWER_METHOD =
  'How many seeds would resolve a difference: those with which a two-sided paired t test, at 5 % over all that are made together, finds it 8 times in 10 (80 % power, by the noncentral t distribution), if mean and spread of the differences are what these few seeds say; read it as an order of size.';

/** What is known of a run: that it has figures, or why not. */
export interface Attempt {
  missing?: { why: 'diverged' | 'unfinished' };
}

/**
 * One sentence on whether the data resolve how an arm differs from the baseline.
 * @param attempts All runs of both, those without figures among them: none is dropped silently.
 */
export function verdictSentence(
  { name, baseline, metric, heldOut }: Compared,
  comparison: ArmComparison | undefined,
  attempts: readonly Attempt[],
): string {
  const gone = missingWords(attempts);
  const difference = comparison?.difference;
  if (!comparison || !difference || comparison.verdict === 'untested') {
    return `${name} against ${baseline}: nothing can be said of fewer than two seeds that both have${gone}.`;
  }
  const { mean, interval, n, seedsToResolve } = difference;
  const p = `p = ${pValue(comparison.adjustedPValue!)} after Holm`;
  const by = `${signed(mean)} in ${metricLabel(metric)} (95 % interval ${signed(interval!.low)} to ${signed(interval!.high)}, ${n} seeds${gone})`;
  if (comparison.verdict === 'unresolved') {
    const more = resolveWords(seedsToResolve, heldOut);
    return `${name} against ${baseline}: ${by}, ${p}: not resolved by these data; ${more}.`;
  }
  const better = comparison.verdict === 'higher' ? 'better' : 'worse';
  return `${name} is ${better} than ${baseline}: ${by}, ${p}: resolved.`;
}

/**
 * What it would take to resolve a difference of the size seen.
 * @param seeds Of `pairedDifference`; Infinity where there is no difference.
 * @param heldOut Identities that a run holds out.
 */
export function resolveWords(seeds: number | undefined, heldOut?: number): string {
  if (seeds === undefined || !Number.isFinite(seeds)) {
    return 'there is no difference that more seeds could resolve';
  }
  const each = heldOut === undefined ? '' : `, each with ${formatCount(heldOut)} identities held out`;
  return `a difference of this size would take about ${formatCount(seeds)} seeds${each} (80 % power)`;
}

function missingWords(attempts: readonly Attempt[]): string {
  const count = (why: 'diverged' | 'unfinished') =>
    attempts.filter(({ missing }) => missing?.why === why).length;
  const [diverged, unfinished] = [count('diverged'), count('unfinished')];
  return [
    diverged > 0 ? `; ${diverged} diverged` : '',
    unfinished > 0 ? `; ${unfinished} not finished` : '',
  ].join('');
}

/** A difference with its sign, a true minus. */
export function signed(value: number, digits = 3): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 ? `\u2212${text}` : `+${text}`;
}

const pValue = (p: number) => (p < 0.001 ? '<\u20090.001' : p.toFixed(3));
