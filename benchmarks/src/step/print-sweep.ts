import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { renderTable } from '../table.js';
import { listPeers } from './print-step.js';
import type { SweepReport } from './run-sweep.js';
import type { StepResult } from './step-report.js';
import { formatWorkload } from './workload.js';

type Row = SweepReport['rows'][number];

/** Renders the report as Markdown: a row for each workload, and the lowest ratio. */
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
  const lines = renderTable<Row>(
    [
      { title: 'workload', value: (r) => r.what, align: 'left' },
      { title: 'ours, images/s', value: side('ours', (r) => formatSummary(r.imagesPerSecond)) },
      { title: 'PyTorch, images/s', value: side('theirs', (r) => formatSummary(r.imagesPerSecond)) },
      {
        title: 'ours over PyTorch',
        value: ({ report }) => {
          const ratio = report.ratios['ratioToPyTorch'];
          return ratio ? `${formatSummary(ratio)}` : '–';
        },
      },
      { title: 'ours, peak MB', value: side('ours', (r) => formatMegabytes(r.peakRss)) },
      { title: 'PyTorch, peak MB', value: side('theirs', (r) => formatMegabytes(r.peakRss)) },
      { title: 'our fastest', value: side('ours', (r) => r.id), align: 'left' },
      { title: "PyTorch's fastest", value: side('theirs', (r) => r.id), align: 'left' },
    ],
    rows,
  );
  return [
    `- Base workload: ${formatWorkload(rows[0].report.workload)}. Each other row changes one property of it.`,
    `- Machine: ${formatMachine(machine)}.`,
    ...listPeers(rows.flatMap(({ report }) => report.contenders)),
    '',
    lines,
    '',
    worst
      ? `- Lowest ratio: ${worst.what}, ${formatDigits(worst.ratioToPyTorch)} times PyTorch's images/s`
      : `- ${Object.values(rows[0].report.absent).join('\n- ')}`,
    ...warnOfOtherWork(rows.flatMap(({ report }) => report.contenders)),
  ].join('\n');
}
