import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { renderTable } from '../table.js';
import { nameOf, type PairLossesReport, type PairLossFigures } from './run-pair-losses.js';
import { listRows, type PairLossRow } from './workload.js';

/** Renders the report as Markdown: one line per loss and batch size. */
export function printPairLosses(report: PairLossesReport): string {
  const ratios = report.rows.flatMap((row) =>
    row.processorRatio ? [{ row, ratio: row.processorRatio }] : [],
  );
  const lowest = ratios.toSorted((a, b) => a.ratio - b.ratio)[0];
  const below = ratios.filter(({ ratio }) => ratio < 1);
  const missing = listUnmeasured(report.rows);
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
          `- Lowest by processor time: ${nameOf(lowest.row)}, at ${formatDigits(lowest.ratio)} times the peer's speed. ${below.length} of ${ratios.length} rows are below 1.`,
        ]
      : []),
    ...report.rows.flatMap((row) =>
      row.without ? [`- ${nameOf(row)}: no peer, because ${row.without}.`] : [],
    ),
    ...(missing.length > 0 ? [`- Not measured: ${missing.join('; ')}.`] : []),
    ...warnOfOtherWork(report.rows.flatMap(({ ours, peer }) => (peer ? [ours, peer] : [ours]))),
  ].join('\n');
}

/** Lists what a report lacks of all rows of its losses: the losses of each batch size. */
function listUnmeasured(rows: readonly PairLossRow[]): string[] {
  const measured = new Set(rows.map(nameOf));
  const missing = listRows([...new Set(rows.map(({ loss }) => loss))]).filter(
    (row) => !measured.has(nameOf(row)),
  );
  const losses = new Map<string, string[]>();
  for (const { loss, batch, memory } of missing) {
    const at = `batch ${batch}${memory ? ' with the memory' : ''}`;
    losses.set(at, [...(losses.get(at) ?? []), loss]);
  }
  return [...losses].map(([at, names]) => `${at}: ${names.join(', ')}`);
}
