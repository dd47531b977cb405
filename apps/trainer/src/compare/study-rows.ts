import { formatCount, formatDuration, formatNumber, PAIR_KINDS } from '../report/format-values.js';
import { formatSigned } from './describe-verdict.js';
import type { Comparison, StudyResults, StudyRunFigures } from './study-results.js';

/** Returns the table of a comparison as text, with one row per arm in the study's order. */
export function armRows(results: StudyResults, { data, budget, statistics }: Comparison) {
  const head = [
    '',
    'mean ± sd',
    'difference',
    'bootstrap',
    'seeds',
    'AUROC',
    'rank-1',
    'MB',
    'million MACs',
    'images/s',
    'steps',
  ];
  const rows = results.arms.map(({ name, label }) => {
    const runs = results.runs.filter((run) => run.arm === name && run.data === data && run.budget === budget);
    const figures = runs.flatMap((run) => (run.figures ? [run.figures] : []));
    const finished = `${figures.length} of ${runs.length}`;
    if (figures.length === 0) return [label, '–', '–', '–', finished, ...Array(head.length - 5).fill('–')];
    const mean = (pick: (figures: StudyRunFigures) => number) => sum(figures.map(pick)) / figures.length;
    const rank1s = figures.flatMap(({ rank1 }) => rank1 ?? []);
    const compared = statistics?.arms.find(({ arm }) => arm === name);
    const summary = name === results.baseline ? statistics?.base.summary : compared?.summary;
    const spread = summary?.std === undefined ? '' : ` ± ${summary.std.toFixed(3)}`;
    const difference = compared?.difference;
    const interval = difference?.interval ? ` (${formatRange(difference.interval)})` : '';
    return [
      label,
      `${mean(({ value }) => value).toFixed(3)}${spread}`,
      name === results.baseline
        ? 'baseline'
        : difference
          ? `${formatSigned(difference.mean)}${interval}`
          : '–',
      difference?.bootstrap ? formatRange(difference.bootstrap.bca) : '–',
      finished,
      mean(({ heldOut }) => heldOut.auroc).toFixed(4),
      rank1s.length === figures.length ? (sum(rank1s) / rank1s.length).toFixed(3) : '–',
      formatMegabytes(mean(({ modelBytes }) => modelBytes)),
      formatNumber(mean(({ multiplyAdds }) => multiplyAdds) / 1e6),
      formatNumber(mean(({ imagesPerSecond }) => imagesPerSecond)),
      formatCount(mean(({ steps }) => steps)),
    ];
  });
  return { head, rows };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Formats a size in megabytes with three digits, trailing zeros included. */
const formatMegabytes = (bytes: number) => {
  const mb = bytes / 1e6;
  return mb.toFixed(mb < 10 ? 2 : mb < 100 ? 1 : 0);
};

const formatRange = ({ low, high }: { low: number; high: number }) =>
  `${formatSigned(low)} to ${formatSigned(high)}`;

/** Returns the heading of a comparison: its images, and its budget if the study has two. */
export function comparisonTitle(results: StudyResults, { data, budget }: Comparison): string {
  const several = results.data.length > 1;
  const label = results.data.find(({ name }) => name === data)?.label ?? data;
  const both = results.budget.steps !== undefined && results.budget.seconds !== undefined;
  const condition = budget === 'steps' ? 'equal steps' : 'equal time';
  const title = [several ? label : 'All arms', ...(both ? [condition] : [])].join(', ');
  return title.charAt(0).toUpperCase() + title.slice(1);
}

/** Formats the budget of each arm and seed. */
export function formatBudget({ budget: { steps, seconds } }: Pick<StudyResults, 'budget'>): string {
  return [
    ...(steps === undefined ? [] : [`${formatCount(steps)} steps`]),
    ...(seconds === undefined ? [] : [formatDuration(seconds)]),
  ].join(', and ');
}

/** Formats settings as on the command line. */
export function formatSettings(settings: Record<string, unknown>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');
}

/** Describes the pairs that the runs of a comparison were verified on; empty for results of older versions. */
export function describePairs(results: StudyResults, { data, budget }: Comparison): string {
  const heldOut = results.runs
    .filter((run) => run.data === data && run.budget === budget)
    .flatMap(({ figures }) => (figures ? [figures.heldOut] : []));
  const kinds = new Set(heldOut.map(({ pairKind }) => pairKind));
  const [kind] = kinds;
  if (kinds.size !== 1 || kind === undefined) return '';
  const range = (values: number[]) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return low === high ? formatCount(low) : `${formatCount(low)} to ${formatCount(high)}`;
  };
  const identities = range(heldOut.map(({ identities }) => identities ?? 0));
  const [positive, negative] = [
    range(heldOut.map(({ pairs }) => pairs.positive)),
    range(heldOut.map(({ pairs }) => pairs.negative)),
  ];
  return `${PAIR_KINDS[kind]}: ${identities} identities a run, ${positive} pairs of the same and ${negative} of different identities`;
}
