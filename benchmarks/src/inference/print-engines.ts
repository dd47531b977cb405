import { formatDigits, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { EngineFigures, EnginesReport } from './run-engines.js';

const speedOf = ({ processorRatio, ratio }: EngineFigures) => (processorRatio ?? ratio)?.median ?? 0;

/** Renders the report of `bench inference` in Markdown, with the worst row of each of our engines. */
export function printEngines({ machine, runtime, isa, rows }: EnginesReport): string {
  const flat = rows.flatMap(({ engines, ...row }) => engines.map((figures) => ({ ...row, ...figures })));
  const table = renderTable<(typeof flat)[number]>(
    [
      { title: 'network', align: 'left', value: ({ network }) => network },
      { title: 'threads', value: ({ threads }) => String(threads) },
      { title: 'batch', value: ({ batch }) => String(batch) },
      { title: 'engine', align: 'left', value: ({ engine }) => engine },
      { title: 'ms', value: ({ milliseconds }) => formatSummary(milliseconds) },
      { title: 'speed beside ONNX Runtime', value: ({ ratio }) => (ratio ? formatSummary(ratio) : '–') },
      {
        title: 'by processor time',
        value: ({ processorRatio }) => (processorRatio ? formatSummary(processorRatio) : '–'),
      },
      { title: 'largest difference', value: ({ difference }) => difference.toExponential(1) },
    ],
    flat,
  );
  const busiest = Math.max(...flat.map(({ coresOfOthers }) => coresOfOthers));
  const worst = ['unitsphere, WebAssembly', 'unitsphere, native'].flatMap((engine) => {
    const own = flat.filter((row) => row.engine === engine && row.ratio);
    const [row] = own.sort((a, b) => speedOf(a) - speedOf(b));
    if (!row) return [];
    const { network, batch, threads } = row;
    return [
      `${engine}: ${network}, batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'} (${formatDigits(speedOf(row))})`,
    ];
  });
  return [
    formatMachine(machine),
    `Embeddings of a batch of pixels in float32, beside ${runtime}. Native kernels: ${isa}. Other processes used at most ${formatDigits(busiest)} cores, so that speed by processor time is the more reliable figure with one thread.`,
    '',
    table,
    '',
    `Worst rows, by processor time with one thread and by wall time with more: ${worst.join('; ')}.`,
  ].join('\n');
}
