import type { VerificationSummary } from '../report/data.js';
import { alignColumns } from './columns.js';
import { outputColors } from './console.js';

/** Figures of verification, beside those of the untrained network. */
export interface Figures {
  heldOut: VerificationSummary;
  untrained?: VerificationSummary;
  rank1?: { heldOut: number; untrained?: number };
}

/** A table of figures for a terminal. */
export function resultLines({ heldOut, untrained, rank1 }: Figures): string[] {
  const rates = Object.keys(heldOut.tprAtFpr).sort((a, b) => Number(b) - Number(a));
  const table = [
    ['', 'trained', untrained ? 'untrained' : '', heldOut.intervals ? '95 % interval' : '', 'threshold'],
    ...rates.map((key) => {
      const label = `TPR at FPR ${key}`;
      if (heldOut.resolved?.[key] === false) return [label, '–', '–', 'too few pairs to tell', ''];
      const interval = heldOut.intervals?.[key];
      return [
        label,
        show(heldOut.tprAtFpr[key]),
        show(untrained?.tprAtFpr[key]),
        interval ? `${show(interval.low)}–${show(interval.high)}` : '',
        show(heldOut.thresholds[key], 4),
      ];
    }),
    ['AUROC', show(heldOut.auroc, 4), show(untrained?.auroc, 4), '', ''],
    ...(rank1 ? [['rank-1', show(rank1.heldOut), show(rank1.untrained), '', '']] : []),
  ];
  const [head, ...lines] = alignColumns(table);
  return [who(heldOut), outputColors.dim(head), ...lines];
}

function who({ identities, images, pairs }: VerificationSummary): string {
  const number = (n: number) => n.toLocaleString('en');
  const of = [
    identities === undefined ? [] : [`${number(identities)} identities`],
    images === undefined ? [] : [`${number(images)} images`],
    `${number(pairs.positive)} same and ${number(pairs.negative)} different pairs`,
  ].flat();
  return `${outputColors.bold('Held out')}: ${of.join(', ')}`;
}

function show(value: number | null | undefined, digits = 3): string {
  return value === undefined || value === null ? '' : value.toFixed(digits);
}
