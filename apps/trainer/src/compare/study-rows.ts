import { formatCount, formatDuration, formatNumber } from '../report/format.js';
import type { Comparison, StudyResults, StudyRunFigures } from './study-results.js';
import { signed } from './verdict-sentence.js';

/** The table of a comparison: a row an arm, in the study's order, as text. */
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
    const count = `${figures.length} of ${runs.length}`;
    if (figures.length === 0) return [label, '–', '–', '–', count, ...Array(head.length - 5).fill('–')];
    const mean = (of: (figures: StudyRunFigures) => number) =>
      figures.reduce((sum, one) => sum + of(one), 0) / figures.length;
    const compared = statistics?.arms.find(({ arm }) => arm === name);
    const summary = name === results.baseline ? statistics?.base.summary : compared?.summary;
    const spread = summary?.std === undefined ? '' : ` ± ${summary.std.toFixed(3)}`;
    const difference = compared?.difference;
    const interval = difference?.interval ? ` (${range(difference.interval)})` : '';
    return [
      label,
      `${mean(({ value }) => value).toFixed(3)}${spread}`,
      name === results.baseline ? 'baseline' : difference ? `${signed(difference.mean)}${interval}` : '–',
      difference?.bootstrap ? range(difference.bootstrap.bca) : '–',
      count,
      mean(({ heldOut }) => heldOut.auroc).toFixed(4),
      figures.every(({ rank1 }) => rank1 !== undefined) ? mean(({ rank1 }) => rank1!).toFixed(3) : '–',
      megabytes(mean(({ modelBytes }) => modelBytes)),
      formatNumber(mean(({ multiplyAdds }) => multiplyAdds) / 1e6),
      formatNumber(mean(({ imagesPerSecond }) => imagesPerSecond)),
      formatCount(mean(({ steps }) => steps)),
    ];
  });
  return { head, rows };
}

/** Three digits, zeros too: sizes stand in a column. */
const megabytes = (bytes: number) => {
  const mb = bytes / 1e6;
  return mb.toFixed(mb < 10 ? 2 : mb < 100 ? 1 : 0);
};

const range = ({ low, high }: { low: number; high: number }) => `${signed(low)} to ${signed(high)}`;

/** What a comparison is of, as a heading. */
export function comparisonTitle(results: StudyResults, { data, budget }: Comparison): string {
  const several = results.data.length > 1;
  const label = results.data.find(({ name }) => name === data)?.label ?? data;
  const both = results.budget.steps !== undefined && results.budget.seconds !== undefined;
  const alike = budget === 'steps' ? 'at equal steps' : 'in equal time';
  const words = [several ? label : 'The arms', ...(both ? [alike] : [])].join(', ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What each arm may spend with each seed. */
export function budgetWords({ budget: { steps, seconds } }: Pick<StudyResults, 'budget'>): string {
  return [
    ...(steps === undefined ? [] : [`${formatCount(steps)} steps`]),
    ...(seconds === undefined ? [] : [formatDuration(seconds)]),
  ].join(', and ');
}

/** Settings as they are written on the command line. */
export function settingsText(settings: Record<string, unknown>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');
}
