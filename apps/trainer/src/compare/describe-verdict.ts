import type { ArmComparison } from '@unitsphere/verification/statistics';
import { formatCount } from '../report/format-values.js';
import { metricLabel } from './score.js';
import type { Metric } from './study-schema.js';

/** The labels of two compared arms, and their metric. */
export interface ComparedArms {
  name: string;
  baseline: string;
  metric: Metric;
  /** Mean number of held-out identities of a run. */
  heldOut?: number;
}

/** Explains the number of seeds of {@link describeSeedsToResolve}. */
export const POWER_METHOD =
  'The number of seeds to resolve a difference is that of a two-sided paired t test with 80 % power, computed from the noncentral ' +
  't distribution. The level is 5 % over all tests made together. The mean and the spread of the differences are estimated from these ' +
  'few seeds, so the number is only an order of magnitude.';

/** A run that was started, and why it has no figures, if it has none. */
export interface Attempt {
  missing?: { why: 'diverged' | 'unfinished' | 'failed' | 'unmeasured' };
}

/**
 * Describes in one sentence whether the data resolve the difference between an arm and the baseline.
 * @param attempts All runs of both arms. The sentence counts those without figures.
 */
export function describeVerdict(
  { name, baseline, metric, heldOut }: ComparedArms,
  comparison: ArmComparison | undefined,
  attempts: readonly Attempt[],
): string {
  const missing = countMissing(attempts);
  const { difference, adjustedPValue, verdict } = comparison ?? {};
  if (!difference?.interval || adjustedPValue === undefined || verdict === 'untested') {
    return `${name} and ${baseline} cannot be compared: they have fewer than two seeds in common${missing}.`;
  }
  const { mean, interval, n, seedsToResolve } = difference;
  const range = `${formatSigned(interval.low)} to ${formatSigned(interval.high)}`;
  const figures =
    `${formatSigned(mean)} in ${metricLabel(metric)} (95 % interval ${range}, ${n} seeds${missing}), ` +
    `p = ${formatPValue(adjustedPValue)} after Holm`;
  if (verdict === 'unresolved') {
    return `${name} minus ${baseline}: ${figures}. Not resolved by these data: ${describeSeedsToResolve(seedsToResolve, heldOut)}.`;
  }
  const better = verdict === 'higher' ? 'better' : 'worse';
  return `${name} is ${better} than ${baseline}: ${figures}. Resolved.`;
}

/**
 * Describes how many seeds would resolve a difference of the observed size.
 * @param seeds `seedsToResolve` of a paired difference; null if the difference is 0.
 * @param heldOut Held-out identities of a run.
 */
export function describeSeedsToResolve(seeds: number | null | undefined, heldOut?: number): string {
  if (seeds === undefined || seeds === null) {
    return 'there is no difference that more seeds could resolve';
  }
  const each = heldOut === undefined ? '' : `, each with ${formatCount(heldOut)} held-out identities`;
  return `a difference of this size would take about ${formatCount(seeds)} seeds${each} (80 % power)`;
}

function countMissing(attempts: readonly Attempt[]): string {
  const words = {
    diverged: 'diverged',
    failed: 'failed',
    unfinished: 'not finished',
    unmeasured: 'with too few pairs',
  };
  return Object.entries(words)
    .map(([why, text]) => [attempts.filter(({ missing }) => missing?.why === why).length, text] as const)
    .map(([count, text]) => (count > 0 ? `; ${count} ${text}` : ''))
    .join('');
}

/** Formats a difference with its sign. The minus is U+2212. */
export function formatSigned(value: number, digits = 3): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 ? `\u2212${text}` : `+${text}`;
}

const formatPValue = (p: number) => (p < 0.001 ? '<\u20090.001' : p.toFixed(3));
