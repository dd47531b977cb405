import { megabytes } from '../format.js';
import { machineLine } from '../measure/machine.js';
import { workloadLine } from '../step/workload.js';
import { table } from '../table.js';
import type { MemoryCourse, MemoryReport } from './run-memory.js';

type Row = MemoryCourse['points'][number] & { label: string };

/** The report as Markdown: a row for each look at each contender's memory. */
export function printMemory(report: MemoryReport): string {
  const known = (value: number | undefined, write: (value: number) => string) =>
    value === undefined ? '–' : write(value);
  const rows = report.contenders.flatMap(({ label, points }) => points.map((point) => ({ label, ...point })));
  return [
    `${workloadLine(report.workload)}. ${machineLine(report.machine)}.`,
    '',
    table<Row>(
      [
        { title: 'training', value: (r) => r.label, align: 'left' },
        { title: 'after steps', value: (r) => r.step.toLocaleString('en') },
        { title: 'tensors', value: (r) => known(r.tensors, String) },
        { title: 'their MB', value: (r) => known(r.tensorBytes, (bytes) => (bytes / 1e6).toFixed(3)) },
        { title: 'WebAssembly heap, MB', value: (r) => known(r.wasmHeap, megabytes) },
        { title: 'resident, MB', value: (r) => known(r.rss, megabytes) },
        { title: 'peak, MB', value: (r) => megabytes(r.peakRss) },
      ],
      rows,
    ),
    '',
    ...report.contenders.map(({ label, flat }) => `- ${label}: ${flat ? 'flat' : '**it grows**'}`),
    ...Object.values(report.absent).map((why) => `- Not there: ${why}`),
  ].join('\n');
}
