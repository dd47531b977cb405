import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { renderTable } from '../table.js';
import type { VerificationFigures, VerificationReport, VerificationSize } from './run-verification.js';

const MILLION = 1_000_000;

/** Renders the report as Markdown: a row for each size and contender. */
export function printVerification(report: VerificationReport): string {
  const rows = report.sizes.flatMap((size) =>
    [size.ours, size.peer].flatMap((figures) => (figures ? [{ size, figures }] : [])),
  );
  type Row = { size: VerificationSize; figures: VerificationFigures };
  const largest = report.sizes.reduce((x, y) => (x.rows > y.rows ? x : y));
  const million = (largest.ours.seconds.median * (MILLION * (MILLION - 1))) / 2 / largest.pairs / 60;
  return [
    `- Input: all pairs of ${report.dimensions}-dimensional embeddings, ${report.imagesEach} of each identity, with ${report.threads} threads.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    ...report.sizes.flatMap(({ peer }) => (peer ? [`- Peer: ${peer.about}.`] : [])).slice(0, 1),
    '',
    renderTable<Row>(
      [
        { title: 'embeddings', value: ({ size }) => size.rows.toLocaleString('en') },
        { title: 'pairs', value: ({ size }) => size.pairs.toLocaleString('en') },
        { title: 'implementation', value: ({ figures }) => figures.label, align: 'left' },
        { title: 'seconds', value: ({ figures }) => formatSummary(figures.seconds) },
        { title: 'processor s', value: ({ figures }) => formatSummary(figures.processorSeconds) },
        { title: 'GFLOP/s', value: ({ figures }) => formatDigits(figures.gflops) },
        { title: 'peak memory, MB', value: ({ figures }) => formatMegabytes(figures.peakRss) },
        {
          title: 'peak before the embeddings, MB',
          value: ({ figures }) => formatMegabytes(figures.footprint),
        },
        { title: 'AUROC', value: ({ figures }) => figures.auroc.toFixed(10) },
      ],
      rows,
    ),
    '',
    ...report.sizes.flatMap(comparePeer),
    ...(largest.rows < MILLION
      ? [
          `- At the rate of the largest size, 1,000,000 embeddings take ${formatDigits(million)} minutes: \`npm run bench -- verification --rows 1000000 --checkpoint FILE\``,
        ]
      : []),
    ...warnOfOtherWork(report.sizes),
  ].join('\n');
}

/** Compares the peer with ours at one size in one line, or says why there is no peer. */
function comparePeer({
  rows,
  ratioToPyTorch,
  memoryRatioToPyTorch,
  difference,
  without,
}: VerificationSize): string[] {
  const size = `${rows.toLocaleString('en')} embeddings`;
  if (ratioToPyTorch && memoryRatioToPyTorch !== undefined && difference) {
    return [
      `- ${size}: PyTorch and scikit-learn take ${formatSummary(ratioToPyTorch)} times as long and ${formatDigits(1 / memoryRatioToPyTorch)} times the memory. The results differ by ${difference.auroc.toExponential(1)} in AUROC and at most ${difference.tpr.toExponential(1)} in TPR, because the scores are rounded differently.`,
    ];
  }
  return without ? [`- ${size}: no peer, because ${without}.`] : [];
}
