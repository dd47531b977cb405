import { digits, megabytes, spread } from '../format.js';
import { disturbance } from '../measure/disturbance.js';
import { machineLine } from '../measure/machine.js';
import { table } from '../table.js';
import type { StepResult } from './run-step.js';
import type { SweepReport } from './run-sweep.js';
import { workloadLine } from './workload.js';

type Row = SweepReport['rows'][number];

/** The report as Markdown: a row for each workload, and the worst of them. */
export function printSweep({ rows, worst, machine }: SweepReport): string {
  const side =
    (which: 'ours' | 'theirs', write: (result: StepResult) => string) =>
    ({ report }: Row): string => {
      const { contenders, ratios } = report;
      const fallback = which === 'ours' ? contenders[0] : undefined;
      const id = ratios['ratioToPyTorch']?.[which];
      const result = contenders.find((one) => one.id === id) ?? fallback;
      return result ? write(result) : '–';
    };
  const lines = table<Row>(
    [
      { title: 'training step', value: (r) => r.what, align: 'left' },
      { title: 'ours, images/s', value: side('ours', (r) => spread(r.imagesPerSecond)) },
      { title: 'PyTorch, images/s', value: side('theirs', (r) => spread(r.imagesPerSecond)) },
      {
        title: 'ratio',
        value: ({ report }) => {
          const ratio = report.ratios['ratioToPyTorch'];
          return ratio ? `${spread(ratio)}` : '–';
        },
      },
      { title: 'ours, MB', value: side('ours', (r) => megabytes(r.peakRss)) },
      { title: 'PyTorch, MB', value: side('theirs', (r) => megabytes(r.peakRss)) },
      { title: 'ours', value: side('ours', (r) => r.id), align: 'left' },
      { title: 'PyTorch', value: side('theirs', (r) => r.id), align: 'left' },
    ],
    rows,
  );
  return [
    `One thing changed in each row: ${workloadLine(rows[0].report.workload)}. ${machineLine(machine)}.`,
    '',
    lines,
    '',
    worst
      ? `- Worst: ${worst.what}, ${digits(worst.ratioToPyTorch)}× PyTorch`
      : `- ${Object.values(rows[0].report.absent).join('\n- ')}`,
    ...disturbance(rows.flatMap(({ report }) => report.contenders)),
  ].join('\n');
}
