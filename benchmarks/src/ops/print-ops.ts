import { digits } from '../format.js';
import { machineLine } from '../measure/machine.js';
import { table } from '../table.js';
import type { OpResult, OpsReport, OpTimes } from './run-ops.js';

/** The report as Markdown: the machine, the limits of each backend and a table of its operations. */
export function printOps(report: OpsReport): string {
  return [
    `Operations of LCNet-050 at 128 px, and some of other backbones; batch 32, float32. ${machineLine(report.machine)}. Medians of ${report.repetitions} measurements, ours and stock in turns.`,
    ...report.backends.flatMap(({ name, limits, ops }) => [
      '',
      `**${name}**: a matrix product of ours of 1024³ reaches ${digits(limits.flopsPerSecond / 1e9)} GFLOP/s; a copy moves ${limits.bandwidth
        .map(({ bytes, bytesPerSecond }) => `${digits(bytesPerSecond / 1e9)} GB/s of ${bytes / 2 ** 20} MiB`)
        .join(', ')}.`,
      '',
      opTable(ops),
    ]),
    '',
    ...Object.entries(report.absent).map(([name, why]) => `- Not there: ${name}: ${why}`),
  ].join('\n');
}

function opTable(ops: readonly OpResult[]): string {
  const columns = (title: string, times: (r: OpResult) => OpTimes | null) => {
    const cell = (write: (t: OpTimes) => string) => (r: OpResult) => {
      const found = times(r);
      return found ? write(found) : '–';
    };
    return [
      { title: `${title}, ms`, value: cell((t) => digits(t.ours.median)) },
      { title: 'stock, ms', value: cell((t) => (t.stock ? digits(t.stock.median) : 'no kernel')) },
      { title: 'faster', value: cell((t) => (t.ratioToStock ? `${digits(t.ratioToStock.median)}×` : '')) },
      { title: 'of the limit', value: cell((t) => `${Math.round(100 * t.fractionOfLimit)} %`) },
    ];
  };
  return table<OpResult>(
    [
      { title: 'operation', value: (r) => r.name, align: 'left' },
      ...columns('forward', (r) => r.forward),
      ...columns('with gradient', (r) => r.withGradient),
    ],
    ops,
  );
}
