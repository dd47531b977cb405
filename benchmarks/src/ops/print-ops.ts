import { formatDigits } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { OpResult, OpsReport, OpTimes } from './run-ops.js';

/** Renders the report as Markdown: the machine, the limits on each backend, and a table of its operations. */
export function printOps(report: OpsReport): string {
  return [
    `- Operations: LCNet-050 at 128 px and some of other backbones, batch of 32, float32. Medians of ${report.repetitions} measurements.`,
    `- Machine: ${formatMachine(report.machine)}. The stock kernels are those of this TensorFlow.js.`,
    ...report.backends.flatMap(({ name, limits, ops }) => [
      '',
      `**${name}**. Limits: our 1024×1024×1024 matrix product reaches ${formatDigits(limits.flopsPerSecond / 1e9)} GFLOP/s. Copies reach ${limits.bandwidth
        .map(
          ({ bytes, bytesPerSecond }) =>
            `${formatDigits(bytesPerSecond / 1e9)} GB/s for ${bytes / 2 ** 20} MiB`,
        )
        .join(', ')}.`,
      '',
      renderOps(ops),
    ]),
    '',
    ...Object.entries(report.absent).map(([name, why]) => `- Absent: ${name}: ${why}`),
  ].join('\n');
}

function renderOps(ops: readonly OpResult[]): string {
  const columns = (title: string, times: (r: OpResult) => OpTimes | null) => {
    const cell = (write: (t: OpTimes) => string) => (r: OpResult) => {
      const found = times(r);
      return found ? write(found) : '–';
    };
    return [
      { title: `${title}, ms`, value: cell((t) => formatDigits(t.ours.median)) },
      { title: 'stock, ms', value: cell((t) => (t.stock ? formatDigits(t.stock.median) : 'no kernel')) },
      {
        title: 'speedup',
        value: cell((t) => (t.ratioToStock ? `${formatDigits(t.ratioToStock.median)}×` : '')),
      },
      { title: 'of the limit', value: cell((t) => `${Math.round(100 * t.fractionOfLimit)} %`) },
    ];
  };
  return renderTable<OpResult>(
    [
      { title: 'operation', value: (r) => r.name, align: 'left' },
      ...columns('forward', (r) => r.forward),
      ...columns('with gradient', (r) => r.withGradient),
    ],
    ops,
  );
}
