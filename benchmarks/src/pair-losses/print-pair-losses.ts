import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { renderTable } from '../table.js';
import { nameOf, type PairLossesReport, type PairLossFigures } from './run-pair-losses.js';

/** Renders the report as Markdown: one line per loss and batch size. */
export function printPairLosses(report: PairLossesReport): string {
  const compared = report.rows.filter(({ ratio }) => ratio);
  const lowest = compared.toSorted((a, b) => medianOf(a) - medianOf(b))[0];
  const below = compared.filter((row) => medianOf(row) < 1);
  return [
    `- Input: normally distributed embeddings of ${report.dimensions} dimensions, ${report.imagesPerClass} rows of each class; ${report.classes.toLocaleString('en')} classes of proxies. The memory holds ${report.memorySize.toLocaleString('en')} embeddings.`,
    `- A step computes the loss and the gradients of embeddings and proxies. Ours runs on the wasm backend, on one thread.`,
    '- Peak memory is that of the process, which keeps the libraries and the WebAssembly heap of earlier, smaller rows.',
    `- Machine: ${formatMachine(report.machine)}.`,
    ...(report.peer ? [`- Peer: ${report.peer}.`] : []),
    '',
    renderTable<PairLossFigures>(
      [
        { title: 'loss', value: ({ loss }) => loss, align: 'left' },
        { title: 'batch', value: ({ batch }) => `${batch}` },
        { title: 'memory', value: ({ memory }) => (memory ? memory.toLocaleString('en') : '–') },
        { title: 'ours, ms', value: ({ ours }) => formatSummary(ours.stepMilliseconds) },
        { title: 'peer, ms', value: ({ peer }) => (peer ? formatSummary(peer.stepMilliseconds) : '–') },
        { title: 'speed', value: ({ ratio }) => (ratio ? `${formatDigits(ratio.median)}×` : '–') },
        {
          title: 'by processor time',
          value: ({ processorRatio }) => (processorRatio ? `${formatDigits(processorRatio)}×` : '–'),
        },
        { title: 'ours, peak MB', value: ({ ours }) => formatMegabytes(ours.memory.peakRss) },
        {
          title: 'peer, peak MB',
          value: ({ peer }) => (peer ? formatMegabytes(peer.memory.peakRss) : '–'),
        },
      ],
      report.rows,
    ),
    '',
    ...(lowest
      ? [
          `- Lowest: ${nameOf(lowest)}, at ${formatDigits(medianOf(lowest))} times the peer's speed. ${below.length} of ${compared.length} rows are below 1.`,
        ]
      : []),
    ...report.rows.flatMap((row) =>
      row.without ? [`- ${nameOf(row)}: no peer, because ${row.without}.`] : [],
    ),
    ...warnOfOtherWork(report.rows.map(({ ours }) => ours)),
  ].join('\n');
}

const medianOf = ({ ratio }: PairLossFigures) => ratio?.median ?? Number.NaN;
