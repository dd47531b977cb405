import { digits, megabytes, spread } from '../format.js';
import { disturbance } from '../measure/disturbance.js';
import { machineLine } from '../measure/machine.js';
import { table } from '../table.js';
import type { VerificationFigures, VerificationReport, VerificationSize } from './run-verification.js';

const MILLION = 1_000_000;

/** The report as Markdown: a row a contender and size. */
export function printVerification(report: VerificationReport): string {
  const rows = report.sizes.flatMap((size) =>
    [size.ours, size.peer].flatMap((figures) => (figures ? [{ size, figures }] : [])),
  );
  type Row = { size: VerificationSize; figures: VerificationFigures };
  const largest = report.sizes.reduce((x, y) => (x.rows > y.rows ? x : y));
  const million = (largest.ours.seconds.median * (MILLION * (MILLION - 1))) / 2 / largest.pairs / 60;
  return [
    `All pairs of embeddings of ${report.dimensions} dimensions, ${report.imagesEach} an identity, ${report.threads} threads. ${machineLine(report.machine)}.`,
    '',
    table<Row>(
      [
        { title: 'embeddings', value: ({ size }) => size.rows.toLocaleString('en') },
        { title: 'pairs', value: ({ size }) => size.pairs.toLocaleString('en') },
        { title: 'all pairs', value: ({ figures }) => figures.label, align: 'left' },
        { title: 'seconds', value: ({ figures }) => spread(figures.seconds) },
        { title: 'processor s', value: ({ figures }) => spread(figures.processorSeconds) },
        { title: 'GFLOP/s', value: ({ figures }) => digits(figures.gflops) },
        { title: 'peak memory, MB', value: ({ figures }) => megabytes(figures.peakRss) },
        { title: 'before the embeddings, MB', value: ({ figures }) => megabytes(figures.footprint) },
        { title: 'AUROC', value: ({ figures }) => figures.auroc.toFixed(10) },
      ],
      rows,
    ),
    '',
    ...report.sizes.flatMap(({ rows: count, ratioToPyTorch, memoryRatioToPyTorch, difference, without }) =>
      ratioToPyTorch
        ? [
            `- ${count.toLocaleString('en')}: PyTorch and scikit-learn take ${spread(ratioToPyTorch)} times as long, and ${digits(1 / memoryRatioToPyTorch!)} times the memory; the results differ by ${difference!.auroc.toExponential(1)} in AUROC and ${difference!.tpr.toExponential(1)} in TPR, through the rounding of the scores`,
          ]
        : without
          ? [`- ${count.toLocaleString('en')}: no peer: ${without}`]
          : [],
    ),
    ...(largest.rows < MILLION
      ? [
          `- at the rate of the largest, 1,000,000 take ${digits(million)} minutes: \`npm run bench -- verification --rows 1000000 --checkpoint FILE\``,
        ]
      : []),
    ...disturbance(report.sizes),
  ].join('\n');
}
