import { formatMegabytes } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { formatWorkload } from '../step/workload.js';
import { renderTable } from '../table.js';
import type { MemoryReport, MemorySeries } from './run-memory.js';

type Row = MemorySeries['points'][number] & { label: string };

/** Renders the report as Markdown: a row for each reading of each contender's memory. */
export function printMemory(report: MemoryReport): string {
  const formatOptional = (value: number | undefined, write: (value: number) => string) =>
    value === undefined ? '–' : write(value);
  const rows = report.contenders.flatMap(({ label, points }) => points.map((point) => ({ label, ...point })));
  return [
    `- Workload: ${formatWorkload(report.workload)}.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    '',
    renderTable<Row>(
      [
        { title: 'training', value: (r) => r.label, align: 'left' },
        { title: 'after steps', value: (r) => r.step.toLocaleString('en') },
        { title: 'tensors', value: (r) => formatOptional(r.tensors, String) },
        {
          title: 'tensors, MB',
          value: (r) => formatOptional(r.tensorBytes, (bytes) => (bytes / 1e6).toFixed(3)),
        },
        { title: 'WebAssembly heap, MB', value: (r) => formatOptional(r.wasmHeap, formatMegabytes) },
        { title: 'resident, MB', value: (r) => formatOptional(r.rss, formatMegabytes) },
        { title: 'peak, MB', value: (r) => formatMegabytes(r.peakRss) },
      ],
      rows,
    ),
    '',
    ...report.contenders.map(({ label, flat }) => `- ${label}: ${flat ? 'flat' : '**growing**'}`),
    ...Object.values(report.absent).map((why) => `- Absent: ${why}`),
  ].join('\n');
}
