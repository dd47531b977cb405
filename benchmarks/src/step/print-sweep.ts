import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { renderTable } from '../table.js';
import { listPeers } from './print-step.js';
import { findWorstRow, ONE_THREAD, type SweepReport } from './run-sweep.js';
import type { StepResult } from './step-report.js';
import { formatWorkload } from './workload.js';

/** Cores that other processes may keep busy before a comparison by the clock says nothing. */
const MOST_OTHER_WORK = 0.5;

type Row = SweepReport['rows'][number];
type Ratio = 'ratioToPyTorch' | 'wasmRatioToPyTorch';

/** Renders the report as Markdown: a row for each workload, and the lowest ratio. */
export function printSweep({ rows, machine }: SweepReport): string {
  const worst = findWorstRow(rows.filter(isQuiet));
  /** Writes one of the two contenders of a ratio. */
  const side =
    (ratio: Ratio, which: 'ours' | 'theirs', write: (result: StepResult) => string) =>
    ({ report: { contenders, ratios } }: Row): string => {
      const id = ratios[ratio]?.[which];
      const result = contenders.find((one) => one.id === id);
      return result ? write(result) : '–';
    };
  /** Writes a figure that other processes change. */
  const byClock = (write: (row: Row) => string) => (row: Row) => (isQuiet(row) ? write(row) : '–');
  const speedup = (name: Ratio) =>
    byClock(({ report: { ratios } }) => {
      const ratio = ratios[name];
      return ratio ? formatSummary(ratio) : '–';
    });
  const processorRatio = (kernels: 'native' | 'wasm') => (row: Row) => {
    const ratio = compareProcessorTime(row, kernels);
    return ratio === undefined ? '–' : formatDigits(ratio);
  };
  const speed = (result: StepResult) => formatSummary(result.imagesPerSecond);
  const memory = (result: StepResult) => formatMegabytes(result.peakRss);
  const lines = renderTable<Row>(
    [
      { title: 'workload', value: (r) => r.what, align: 'left' },
      { title: 'ours, images/s', value: byClock(side('ratioToPyTorch', 'ours', speed)) },
      { title: 'PyTorch, images/s', value: byClock(side('ratioToPyTorch', 'theirs', speed)) },
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
    ...nameWorst(rows),
    ...(rows.every(isQuiet)
      ? []
      : [
          `- Rows without images/s were measured while other processes kept more than ${MOST_OTHER_WORK} cores busy. Their processor time is meaningful nevertheless.`,
        ]),
    ...(worst
      ? [
          `- Lowest ratio of images/s: ${worst.what}, ${formatDigits(worst.ratioToPyTorch)} times PyTorch's images/s`,
        ]
      : []),
    ...[...new Set(rows.flatMap(({ report }) => Object.values(report.absent)))].map(
      (why) => `- Absent: ${why}`,
    ),
    ...warnOfOtherWork(rows.flatMap(({ report }) => report.contenders)),
  ].join('\n');
}

const isQuiet = ({ report: { contenders } }: Row) =>
  contenders.every(({ coresOfOthers }) => coresOfOthers <= MOST_OTHER_WORK);

/** Returns PyTorch's processor time over ours, each with one thread; undefined if one was not measured. */
function compareProcessorTime(
  { report: { contenders } }: Row,
  kernels: 'native' | 'wasm',
): number | undefined {
  const timeOf = (id: string) => contenders.find((one) => one.id === id)?.processorMilliseconds.median;
  const [ours, theirs] = [timeOf(ONE_THREAD[kernels]), timeOf(ONE_THREAD.pytorch)];
  return ours && theirs ? theirs / ours : undefined;
}

/** Names the row with the lowest ratio by processor time, with native kernels and without. */
function nameWorst(rows: readonly Row[]): string[] {
  return (['native', 'wasm'] as const).flatMap((kernels) => {
    const measured = rows.flatMap((row) => {
      const ratio = compareProcessorTime(row, kernels);
      return ratio === undefined ? [] : [{ what: row.what, ratio }];
    });
    const [worst] = measured.sort((a, b) => a.ratio - b.ratio);
    const which = kernels === 'native' ? 'with native kernels' : 'without native kernels';
    return worst
      ? [`- Lowest ratio by processor time ${which}: ${worst.what}, ${formatDigits(worst.ratio)}`]
      : [];
  });
}
