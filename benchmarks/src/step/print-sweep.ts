import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { renderTable } from '../table.js';
import { listPeers } from './print-step.js';
import { ONE_THREAD, type SweepReport } from './run-sweep.js';
import type { StepResult } from './step-report.js';
import { formatWorkload } from './workload.js';

type Row = SweepReport['rows'][number];
type Ratio = 'ratioToPyTorch' | 'wasmRatioToPyTorch';

/** Renders the report as Markdown: a row for each workload, and the lowest ratio. */
export function printSweep({ rows, worst, machine }: SweepReport): string {
  /** Writes one of the two contenders of a ratio. */
  const side =
    (ratio: Ratio, which: 'ours' | 'theirs', write: (result: StepResult) => string) =>
    ({ report: { contenders, ratios } }: Row): string => {
      const id = ratios[ratio]?.[which];
      const result = contenders.find((one) => one.id === id);
      return result ? write(result) : '–';
    };
  const speedup =
    (name: Ratio) =>
    ({ report: { ratios } }: Row) => {
      const ratio = ratios[name];
      return ratio ? formatSummary(ratio) : '–';
    };
  const processorRatio =
    (kernels: 'native' | 'wasm') =>
    ({ report: { contenders } }: Row) => {
      const timeOf = (id: string) => contenders.find((one) => one.id === id)?.processorMilliseconds.median;
      const [ours, theirs] = [timeOf(ONE_THREAD[kernels]), timeOf(ONE_THREAD.pytorch)];
      return ours && theirs ? formatDigits(theirs / ours) : '–';
    };
  const speed = (result: StepResult) => formatSummary(result.imagesPerSecond);
  const memory = (result: StepResult) => formatMegabytes(result.peakRss);
  const lines = renderTable<Row>(
    [
      { title: 'workload', value: (r) => r.what, align: 'left' },
      { title: 'ours, images/s', value: side('ratioToPyTorch', 'ours', speed) },
      { title: 'PyTorch, images/s', value: side('ratioToPyTorch', 'theirs', speed) },
      { title: 'ours over PyTorch', value: speedup('ratioToPyTorch') },
      { title: 'without native kernels', value: speedup('wasmRatioToPyTorch') },
      { title: 'by processor time, one thread', value: processorRatio('native') },
      { title: 'the same without native kernels', value: processorRatio('wasm') },
      { title: 'ours, peak MB', value: side('ratioToPyTorch', 'ours', memory) },
      { title: 'PyTorch, peak MB', value: side('ratioToPyTorch', 'theirs', memory) },
      { title: 'our fastest', value: side('ratioToPyTorch', 'ours', (r) => r.id), align: 'left' },
      { title: "PyTorch's fastest", value: side('ratioToPyTorch', 'theirs', (r) => r.id), align: 'left' },
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
