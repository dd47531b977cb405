import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import type { Timing } from '../measure/time-contenders.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { type Column, renderTable } from '../table.js';
import type { PartialFCReport } from './partial-fc-report.js';
import type { StoreName } from './start-head.js';
import { formatHeadWorkload } from './workload.js';

/** Renders the report as Markdown: a table for each part, with its ratios below. */
export function printPartialFC(report: PartialFCReport): string {
  const { classes, rate, machine } = report;
  return [
    `- Machine: ${formatMachine(machine)}.`,
    ...(classes ? ['', ...printClasses(classes)] : []),
    ...(rate ? ['', ...printRate(rate)] : []),
  ].join('\n');
}

const formatOptional = (bytes: number | undefined) => (bytes === undefined ? '–' : formatMegabytes(bytes));

const STORE_LABELS: Record<StoreName, string> = {
  device: 'centers on the backend',
  host: 'centers on the host',
  file: 'centers in a file',
};

const STEP_COLUMNS: Column<Timing>[] = [
  { title: 'ms', value: (r) => formatSummary(r.stepMilliseconds) },
  { title: 'processor ms', value: (r) => formatSummary(r.processorMilliseconds) },
];

/** Names the day of a part that was measured before the other one. */
const formatDate = (date: string | undefined) => (date ? ` Measured ${date.slice(0, 10)}.` : '');

function printClasses({
  date,
  workload,
  results,
  ratios,
  disk,
}: NonNullable<PartialFCReport['classes']>): string[] {
  return [
    `Growing number of classes, centers in a file: ${formatHeadWorkload(workload)}.${formatDate(date)}`,
    '',
    renderTable<Timing>(
      [
        { title: 'one step', value: (r) => r.label, align: 'left' },
        ...STEP_COLUMNS,
        { title: 'resident, MB', value: (r) => formatOptional(r.memory.rss) },
        { title: 'anonymous part, MB', value: (r) => formatOptional(r.memory.anonymous) },
        { title: 'peak, MB', value: (r) => formatMegabytes(r.memory.peakRss) },
        { title: 'turns × steps', value: (r) => `${r.stepMilliseconds.repetitions} × ${r.stepsPerTurn}` },
      ],
      results,
    ),
    '',
    `- \`ratioWarm\` ${formatSummary(ratios.warm)}, \`ratioCold\` ${formatSummary(ratios.cold)}: time of a step with the most classes over that with the fewest`,
    `- Disk: a cold step reads ${workload.sampled.toLocaleString('en')} records of ${disk.recordBytes.toLocaleString('en')} bytes, ${(disk.bytesPerStep / 1e6).toFixed(1)} MB in total. Plain reads of the same number of records at random positions take ${formatSummary(disk.oneReader)} ms one after the other, and ${formatSummary(disk.fourReaders)} ms with four concurrent reads.`,
    ...warnOfOtherWork(results),
  ];
}

function printRate(rate: NonNullable<PartialFCReport['rate']>): string[] {
  const { workload, results, ours, fastest, ratioToPyTorch, pytorch, pytorchVersion, absent } = rate;
  return [
    `Full softmax and PyTorch, ${workload.classes.toLocaleString('en')} classes: ${formatHeadWorkload(workload)}.${pytorchVersion ? ` PyTorch ${pytorchVersion}.` : ''}${formatDate(rate.date)}`,
    '',
    renderTable<Timing>(
      [
        { title: 'one step', value: (r) => r.label, align: 'left' },
        ...STEP_COLUMNS,
        { title: 'peak memory, MB', value: (r) => formatMegabytes(r.memory.peakRss) },
        { title: 'peak before the head, MB', value: (r) => formatMegabytes(r.footprint) },
        { title: 'resident, MB', value: (r) => formatOptional(r.memory.rss) },
        { title: 'WebAssembly heap, MB', value: (r) => formatOptional(r.memory.wasmHeap) },
        { title: 'turns × steps', value: (r) => `${r.stepMilliseconds.repetitions} × ${r.stepsPerTurn}` },
      ],
      results,
    ),
    '',
    ...ours.map(({ store, ranks, ...ratios }) =>
      [
        `- ${STORE_LABELS[store]}, ${ranks} rank${ranks > 1 ? 's' : ''}: \`ratioToFullSoftmax\` ${formatSummary(ratios.ratioToFullSoftmax)}`,
        `\`memoryRatioToFullSoftmax\` ${formatDigits(ratios.memoryRatioToFullSoftmax)} (${formatDigits(ratios.workingMemoryRatioToFullSoftmax)} without the peak before the head)`,
        ...(ratios.ratioToPyTorch
          ? [`\`ratioToPyTorch\` ${formatSummary(ratios.ratioToPyTorch)} (${pytorch})`]
          : []),
        ...(ratios.ratioToPublished
          ? [`\`ratioToPublished\` ${formatSummary(ratios.ratioToPublished)} (autograd, as in insightface)`]
          : []),
        ...(ratios.processorRatioToPyTorch
          ? [
              `\`processorRatioToPyTorch\` ${formatSummary(ratios.processorRatioToPyTorch)} (processor time, beside one thread)`,
            ]
          : []),
      ].join(', '),
    ),
    ...(ratioToPyTorch === null
      ? []
      : [`- \`ratioToPyTorch\` of our fastest setting, ${fastest}: ${formatDigits(ratioToPyTorch)}`]),
    ...warnOfOtherWork(results),
    ...Object.values(absent).map((why) => `- Absent: ${why}`),
  ];
}
