import type { ReportData, VerificationSummary } from './data.js';
import { formatPercent, formatRate } from './format.js';

/** The rate a report leads with, and the sentence that says what came of it. */
export interface Headline {
  fprKey: string;
  fpr: number;
  trained: number;
  untrained?: number;
  sentence: string;
  /** Set when the figures need a warning beside them. */
  caution?: string;
}

/** The rates of a summary, from the loosest to the strictest. */
export function ratesOf(summary: VerificationSummary): string[] {
  return Object.keys(summary.tprAtFpr).sort((x, y) => Number(y) - Number(x));
}

export function isResolved(summary: VerificationSummary, key: string): boolean {
  return summary.resolved?.[key] ?? Number(key) * summary.pairs.negative >= 1;
}

/** One in 1,000 where it was measured, or else the strictest rate that the pairs can measure. */
export function headlineOf(data: ReportData): Headline {
  const { heldOut, untrained } = data.summary;
  const rates = ratesOf(heldOut);
  if (rates.length === 0)
    throw new Error('summary.heldOut.tprAtFpr is empty: a report needs at least one rate.');
  const measured = rates.filter((key) => isResolved(heldOut, key));
  const key = measured.find((k) => Number(k) === 1e-3) ?? measured.at(-1) ?? rates[0];
  const fpr = Number(key);
  const many = data.subject?.many ?? 'identities';
  const trained = heldOut.tprAtFpr[key];
  const before = untrained?.tprAtFpr[key];
  const sentence =
    `At one false accept in ${formatRate(fpr).replace('1 in ', '')} pairs it recognizes ` +
    `${inWords(trained)} of unseen ${many}` +
    (before === undefined ? '.' : `; untrained: ${inWords(before)}.`);
  let caution: string | undefined;
  if (measured.length === 0) {
    caution = 'There are too few pairs of different identities to measure any of these rates.';
  } else if (before !== undefined && trained <= before) {
    caution = 'Training has not helped: the untrained network does at least as well.';
  }
  return { fprKey: key, fpr, trained, untrained: before, sentence, caution };
}

function inWords(share: number): string {
  return formatPercent(share, 0).replace('<\u2009', 'less than ').replace('>\u2009', 'more than ');
}
