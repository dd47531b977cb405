import type { RetrievalMean } from '@unitsphere/verification';
import type { RetrievalSummary } from '../evaluate/measure-retrieval.js';
import type { PairFileSummary, VerificationSummary } from '../report/data.js';
import { PAIR_KINDS } from '../report/format-values.js';
import { NOT_MEASURED } from '../report/headline.js';
import { formatTable, wrapText } from './columns.js';
import { outputColors } from './console.js';

/** Verification figures of a model after and before training. */
export interface Figures {
  /** Absent without held-out identities. */
  heldOut?: VerificationSummary;
  copies?: VerificationSummary;
  untrained?: VerificationSummary;
  rank1?: { heldOut: number; untrained?: number };
  retrieval?: RetrievalSummary;
  pairFiles?: Record<string, PairFileSummary>;
}

/** Formats verification figures as a table for a terminal of the given width. */
export function formatResults(figures: Figures, width: number): string[] {
  const { heldOut, copies, retrieval, pairFiles } = figures;
  return [
    ...(heldOut ? formatHeldOut({ ...figures, heldOut }, width) : wrapText(NOT_MEASURED, width)),
    ...(copies
      ? [
          ...describePairs('Identities with one image', copies, width),
          ...wrapText(formatCopies(copies), width),
        ]
      : []),
    ...(retrieval ? formatRetrieval(retrieval, width) : []),
    ...(pairFiles ? formatPairFiles(pairFiles, width) : []),
  ];
}

/** Formats the figures on held-out identities as a table. */
function formatHeldOut(
  { heldOut, untrained, rank1 }: Figures & { heldOut: VerificationSummary },
  width: number,
): string[] {
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
  ];
}

/** Formats the figures of queries in a gallery as a table. */
function formatRetrieval(retrieval: RetrievalSummary, width: number): string[] {
  const { recallAtK, precisionAtK, mapAtR, queries, queriesWithoutMatch, galleryRows, identities } =
    retrieval;
  const metrics: [string, RetrievalMean][] = [
    ...recallAtK.map(({ k, ...mean }): [string, RetrievalMean] => [`CMC@${k}`, mean]),
    ...precisionAtK.slice(1).map(({ k, ...mean }): [string, RetrievalMean] => [`precision@${k}`, mean]),
    ['MAP@R', mapAtR],
  ];
  const { head, rows } = formatTable(
    ['', 'trained', '95 % interval'],
    metrics.map(([name, { value, interval }]) => [name, formatValue(value), formatInterval(interval)]),
    { width, optional: ['95 % interval'] },
  );
  const number = (n: number) => n.toLocaleString('en');
  const unmatched = queriesWithoutMatch > 0 ? ` (${number(queriesWithoutMatch)} more have no match)` : '';
  const title = `Retrieval: ${number(queries)} queries${unmatched} in a gallery of ${number(galleryRows)} images, ${number(identities)} identities`;
  const [first, ...rest] = wrapText(title, width);
  return [
    '',
    first.replace('Retrieval', outputColors.bold('Retrieval')),
    ...rest,
    ...head.map(outputColors.dim),
    ...rows,
  ];
}

/** Formats the figures on verification sets as a table. */
function formatPairFiles(sets: Record<string, PairFileSummary>, width: number): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const { head, rows } = formatTable(
    ['verification set', 'accuracy', 'std', 'VAL at 1e-3', 'its FAR', 'pairs'],
    Object.entries(sets).map(([name, { accuracy, accuracyStd, val, far, pairs }]) => [
      name,
      percent(accuracy),
      percent(accuracyStd),
      percent(val),
      far.toExponential(1),
      (pairs.positive + pairs.negative).toLocaleString('en'),
    ]),
    { width, optional: ['pairs', 'std'] },
  );
  return ['', ...head.map(outputColors.dim), ...rows];
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
