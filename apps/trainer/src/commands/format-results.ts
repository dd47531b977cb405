import type { VerificationSummary } from '../report/data.js';
import { PAIR_KINDS } from '../report/format-values.js';
import { alignColumns } from './columns.js';
import { outputColors } from './console.js';

/** Verification figures of a model after and before training. */
export interface Figures {
  heldOut: VerificationSummary;
  copies?: VerificationSummary;
  untrained?: VerificationSummary;
  rank1?: { heldOut: number; untrained?: number };
}

/** Formats verification figures as a table for a terminal. */
export function formatResults({ heldOut, copies, untrained, rank1 }: Figures): string[] {
  const rates = Object.keys(heldOut.tprAtFpr).sort((a, b) => Number(b) - Number(a));
  const table = [
    [
      '',
      'trained',
      untrained ? 'before training' : '',
      heldOut.intervals ? '95 % interval' : '',
      'threshold',
    ],
    ...rates.map((key) => {
      const label = `TPR at FPR ${key}`;
      if (heldOut.resolved?.[key] === false) return [label, '–', '–', 'too few pairs', ''];
      const interval = heldOut.intervals?.[key];
      return [
        label,
        formatValue(heldOut.tprAtFpr[key]),
        formatValue(untrained?.tprAtFpr[key]),
        interval ? `${formatValue(interval.low)}–${formatValue(interval.high)}` : '',
        formatValue(heldOut.thresholds[key], 4),
      ];
    }),
    ['AUROC', formatValue(heldOut.auroc, 4), formatValue(untrained?.auroc, 4), '', ''],
    ...(rank1 ? [['rank-1', formatValue(rank1.heldOut), formatValue(rank1.untrained), '', '']] : []),
  ];
  const [head, ...lines] = alignColumns(table);
  return [
    describePairs('Held out', heldOut),
    outputColors.dim(head),
    ...lines,
    ...(copies ? [describePairs('Identities with one image', copies), formatCopies(copies)] : []),
  ];
}

function describePairs(title: string, { pairKind, identities, images, pairs }: VerificationSummary): string {
  const number = (n: number) => n.toLocaleString('en');
  const counts = [
    pairKind === undefined ? [] : [PAIR_KINDS[pairKind]],
    identities === undefined ? [] : [`${number(identities)} identities`],
    images === undefined ? [] : [`${number(images)} images`],
    `${number(pairs.positive)} same and ${number(pairs.negative)} different pairs`,
  ].flat();
  return `${outputColors.bold(title)}: ${counts.join(', ')}`;
}

function formatCopies({ tprAtFpr, auroc }: VerificationSummary): string {
  const rates = Object.entries(tprAtFpr).flatMap(([key, tpr]) =>
    tpr === null ? [] : [`TPR at FPR ${key} ${formatValue(tpr)}`],
  );
  return [...rates, `AUROC ${formatValue(auroc, 4)}`].join(', ');
}

function formatValue(value: number | null | undefined, digits = 3): string {
  return value === undefined || value === null ? '' : value.toFixed(digits);
}
