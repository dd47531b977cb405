import { formatDigits, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { EngineFigures, EnginesReport } from './run-engines.js';

/** Renders the report of `bench engines` in Markdown, with the worst row of each of our engines. */
export function printEngines({ machine, runtime, isa, threads, rows }: EnginesReport): string {
  const flat = rows.flatMap(({ network, batch, engines }) =>
    engines.map((figures) => ({ network, batch, ...figures })),
  );
  const table = renderTable<EngineFigures & { network: string; batch: number }>(
    [
      { title: 'network', align: 'left', value: ({ network }) => network },
      { title: 'batch', value: ({ batch }) => String(batch) },
      { title: 'engine', align: 'left', value: ({ engine }) => engine },
      { title: 'ms', value: ({ milliseconds }) => formatSummary(milliseconds) },
      { title: 'speed beside ONNX Runtime', value: ({ ratio }) => (ratio ? formatSummary(ratio) : '–') },
      { title: 'largest difference', value: ({ difference }) => difference.toExponential(1) },
    ],
    flat,
  );
  const busiest = Math.max(...flat.map(({ coresOfOthers }) => coresOfOthers));
  const worst = ['unitsphere, WebAssembly', 'unitsphere, native'].flatMap((engine) => {
    const own = flat.filter((row) => row.engine === engine && row.ratio);
    const [row] = own.sort((a, b) => (a.ratio?.median ?? 0) - (b.ratio?.median ?? 0));
    return row
      ? [`${engine}: ${row.network}, batch ${row.batch} (${formatDigits(row.ratio?.median ?? 0)})`]
      : [];
  });
  return [
    formatMachine(machine),
    `Embeddings of a batch of pixels in float32 with ${threads} thread${threads === 1 ? '' : 's'}, beside ${runtime}. Native kernels: ${isa}. Our WebAssembly kernels have one thread. Other processes used at most ${formatDigits(busiest)} cores.`,
    '',
    table,
    '',
    `Worst rows: ${worst.join('; ')}.`,
  ].join('\n');
}
