import { isMeasured, type MeasuredReportData, type ReportData, type VerificationSummary } from './data.js';
import { formatCount, formatPercent, formatRate } from './format-values.js';

/** The main result of a report: the true positive rate at one false positive rate. */
export interface Headline {
  /** The false positive rate as a key of the summary, and as a number; empty and NaN without held-out identities. */
  fprKey: string;
  fpr: number;
  /** True positive rate of the trained model; null if there are too few pairs to measure any rate. */
  trained: number | null;
  /** True positive rate of the same network before training, if measured. */
  untrained?: number;
  sentence: string;
  /** Warning about the figures, if needed. */
  caution?: string;
}

/** Lists the keys of a summary's false positive rates, in descending order. */
export function listRates(summary: Pick<VerificationSummary, 'tprAtFpr'>): string[] {
  return Object.keys(summary.tprAtFpr).sort((x, y) => Number(y) - Number(x));
}

/** Returns whether there are enough negative pairs to measure a false positive rate. */
export function isResolved(summary: VerificationSummary, key: string): boolean {
  return summary.resolved?.[key] ?? Number(key) * summary.pairs.negative >= 1;
}

/**
 * Creates the headline of a report: at FPR 1e-3 if it was measured, otherwise at the lowest rate that the pairs can measure.
 * @throws Error if the summary has no rate.
 */
export function createHeadline(data: ReportData): Headline {
  return isMeasured(data) ? measuredHeadline(data) : headlineOfSets(data);
}

/** What a report says where figures on held-out identities would be. */
export const NOT_MEASURED =
  'No identities were held out (data.split.test is 0), so the verification of unseen identities was not measured.';

/** Creates the headline of a report without held-out identities, from its verification sets. */
function headlineOfSets({ summary: { pairFiles = {} } }: ReportData): Headline {
  const [first, ...others] = Object.entries(pairFiles);
  const more = others.length > 0 ? ` (and ${formatCount(others.length)} more verification sets, below)` : '';
  const sentence = first
    ? `On ${first[0]}, ${formatPercent(first[1].accuracy)} of the pairs are verified correctly${more}.`
    : 'The training is complete.';
  return { fprKey: '', fpr: Number.NaN, trained: null, sentence, caution: NOT_MEASURED };
}

function measuredHeadline(data: MeasuredReportData): Headline {
  const { heldOut, untrained } = data.summary;
  const rates = listRates(heldOut);
  if (rates.length === 0)
    throw new Error('renderReport: summary.heldOut.tprAtFpr is empty; pass at least one rate.');
  const measured = rates.filter((key) => isResolved(heldOut, key));
  const key = measured.find((k) => Number(k) === 1e-3) ?? measured.at(-1) ?? rates[0];
  const fpr = Number(key);
  const one = data.subject?.one ?? 'identity';
  const trained = measured.length > 0 ? (heldOut.tprAtFpr[key] ?? null) : null;
  const before = measured.length > 0 ? (untrained?.tprAtFpr[key] ?? undefined) : undefined;
  const pairs =
    heldOut.pairKind === 'augmented'
      ? `pairs of augmented copies of an unseen ${one}'s image`
      : `pairs of images of the same unseen ${one}`;
  const sentence =
    trained === null
      ? `Verification of unseen identities has an AUROC of ${heldOut.auroc.toFixed(3)}.`
      : `At one false accept in ${formatRate(fpr).replace('1 in ', '')} pairs, the model accepts ` +
        `${spellPercent(trained)} of the ${pairs}` +
        (before === undefined ? '.' : `; before training: ${spellPercent(before)}.`);
  return {
    fprKey: key,
    fpr,
    trained,
    untrained: before,
    sentence,
    caution: cautionOf(data, trained, before),
  };
}

function cautionOf({ summary }: ReportData, trained: number | null, before?: number): string | undefined {
  const { leaks } = summary;
  if (leaks && leaks.identities > 0) {
    return `${formatCount(leaks.identities)} held-out identities were also trained on: the figures are too high for unseen ones.`;
  }
  if (leaks && leaks.acrossParts > 0) {
    const many = leaks.acrossParts === 1 ? '1 picture is' : `${formatCount(leaks.acrossParts)} pictures are`;
    return `${many} both in training and held out: the figures are too high for unseen ones.`;
  }
  if (trained === null)
    return 'There are too few pairs of different identities to measure a rate of false accepts.';
  if (before !== undefined && trained <= before) {
    return 'Training did not improve this rate: the network was at least as good before training.';
  }
  return undefined;
}

function spellPercent(share: number): string {
  return formatPercent(share, 0).replace('<\u2009', 'less than ').replace('>\u2009', 'more than ');
}
