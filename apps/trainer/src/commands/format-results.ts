import type { VerificationSummary } from '../report/data.js';
import { PAIR_KINDS } from '../report/format-values.js';
import { formatTable, wrapText } from './columns.js';
import { outputColors } from './console.js';

/** Verification figures of a model after and before training. */
export interface Figures {
  heldOut: VerificationSummary;
  copies?: VerificationSummary;
  untrained?: VerificationSummary;
  rank1?: { heldOut: number; untrained?: number };
}

/** Formats verification figures as a table for a terminal of the given width. */
export function formatResults({ heldOut, copies, untrained, rank1 }: Figures, width: number): string[] {
  const rates = Object.keys(heldOut.tprAtFpr).sort((a, b) => Number(b) - Number(a));
  const columns = ['', 'trained', ...(untrained ? ['before training'] : []), '95 % interval', 'threshold'];
  const row = (label: string, trained: string, before: string, interval: string, threshold: string) => [
    label,
    trained,
    ...(untrained ? [before] : []),
    interval,
    threshold,
  ];
  const { head, rows } = formatTable(
    columns,
    [
      ...rates.map((key) => {
        const label = `TPR at FPR ${key}`;
        if (heldOut.resolved?.[key] === false) return row(label, '–', '–', 'too few pairs', '');
        return row(
          label,
          formatValue(heldOut.tprAtFpr[key]),
          formatValue(untrained?.tprAtFpr[key]),
          formatInterval(heldOut.intervals?.[key]),
          formatValue(heldOut.thresholds[key], 4),
        );
      }),
      row(
        'AUROC',
        formatValue(heldOut.auroc, 4),
        formatValue(untrained?.auroc, 4),
        formatInterval(heldOut.aurocInterval, 4),
        '',
      ),
      ...(rank1 ? [row('rank-1', formatValue(rank1.heldOut), formatValue(rank1.untrained), '', '')] : []),
    ],
    { width, optional: ['threshold', 'before training', '95 % interval'] },
  );
  return [
    ...describePairs('Held out', heldOut, width),
    ...head.map(outputColors.dim),
    ...rows,
    ...(heldOut.intervals ? wrapText(describeIntervals(heldOut), width).map(outputColors.dim) : []),
    ...(copies
      ? [
          ...describePairs('Identities with one image', copies, width),
          ...wrapText(formatCopies(copies), width),
        ]
      : []),
  ];
}

function describePairs(
  title: string,
  { pairKind, identities, images, pairs }: VerificationSummary,
  width: number,
): string[] {
  const number = (n: number) => n.toLocaleString('en');
  const counts = [
    pairKind === undefined ? [] : [PAIR_KINDS[pairKind]],
    identities === undefined ? [] : [`${number(identities)} identities`],
    images === undefined ? [] : [`${number(images)} images`],
    `${number(pairs.positive)} same and ${number(pairs.negative)} different pairs`,
  ].flat();
  const [first, ...rest] = wrapText(`${title}: ${counts.join(', ')}`, width);
  return [first.replace(title, outputColors.bold(title)), ...rest];
}

function describeIntervals({ intervalsOver }: VerificationSummary): string {
  return intervalsOver === 'identities'
    ? 'The intervals are for other identities of the same kind.'
    : 'The intervals assume independent pairs; pairs share images, so the true intervals are wider.';
}

function formatCopies({ tprAtFpr, auroc }: VerificationSummary): string {
  const rates = Object.entries(tprAtFpr).flatMap(([key, tpr]) =>
    tpr === null ? [] : [`TPR at FPR ${key} ${formatValue(tpr)}`],
  );
  return [...rates, `AUROC ${formatValue(auroc, 4)}`].join(', ');
}

function formatInterval(interval: { low: number; high: number } | undefined, digits = 3): string {
  return interval ? `${formatValue(interval.low, digits)}–${formatValue(interval.high, digits)}` : '';
}

function formatValue(value: number | null | undefined, digits = 3): string {
  return value === undefined || value === null ? '' : value.toFixed(digits);
}
