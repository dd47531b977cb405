import { digits, megabytes, spread } from '../format.js';
import { disturbance } from '../measure/disturbance.js';
import { machineLine } from '../measure/machine.js';
import type { Timing } from '../measure/time-contenders.js';
import { type Column, table } from '../table.js';
import type { PartialFCReport } from './run-partial-fc.js';
import { headLine } from './workload.js';

/** The report as Markdown: a table for each part and the ratios below it. */
export function printPartialFC(report: PartialFCReport): string {
  const { classes, rate, machine } = report;
  return [
    `${machineLine(machine)}.`,
    ...(classes ? ['', ...printClasses(classes)] : []),
    ...(rate ? ['', ...printRate(rate)] : []),
  ].join('\n');
}

const known = (bytes: number | undefined) => (bytes === undefined ? '–' : megabytes(bytes));

const STEP_COLUMNS: Column<Timing>[] = [
  { title: 'ms', value: (r) => spread(r.stepMilliseconds) },
  { title: 'processor ms', value: (r) => spread(r.processorMilliseconds) },
];

function printClasses({
  workload,
  results,
  ratios,
  disk,
}: NonNullable<PartialFCReport['classes']>): string[] {
  return [
    `${headLine(workload)}, centers in a file.`,
    '',
    table<Timing>(
      [
        { title: 'one step', value: (r) => r.label, align: 'left' },
        ...STEP_COLUMNS,
        { title: 'resident, MB', value: (r) => known(r.memory.rss) },
        { title: 'of it anonymous, MB', value: (r) => known(r.memory.anonymous) },
        { title: 'peak, MB', value: (r) => megabytes(r.memory.peakRss) },
        { title: 'turns × steps', value: (r) => `${r.stepMilliseconds.repetitions} × ${r.stepsPerTurn}` },
      ],
      results,
    ),
    '',
    `- \`ratioWarm\` ${spread(ratios.warm)}, \`ratioCold\` ${spread(ratios.cold)}: the time with the most classes over that with the fewest`,
    `- The disk: a cold step reads ${workload.sampled.toLocaleString('en')} records of ${disk.recordBytes.toLocaleString('en')} bytes, ${(disk.bytesPerStep / 1e6).toFixed(1)} MB; a plain read of as many at random places takes ${spread(disk.oneReader)} ms, ${spread(disk.fourReaders)} ms with four reads at a time`,
    ...disturbance(results),
  ];
}

function printRate(rate: NonNullable<PartialFCReport['rate']>): string[] {
  const { workload, results, ours, fastest, ratioToPyTorch, pytorch, absent } = rate;
  return [
    `${workload.classes.toLocaleString('en')} classes: ${headLine(workload)}.`,
    '',
    table<Timing>(
      [
        { title: 'one step', value: (r) => r.label, align: 'left' },
        ...STEP_COLUMNS,
        { title: 'peak memory, MB', value: (r) => megabytes(r.memory.peakRss) },
        { title: 'before the head, MB', value: (r) => megabytes(r.footprint) },
        { title: 'resident, MB', value: (r) => known(r.memory.rss) },
        { title: 'WebAssembly heap, MB', value: (r) => known(r.memory.wasmHeap) },
        { title: 'turns × steps', value: (r) => `${r.stepMilliseconds.repetitions} × ${r.stepsPerTurn}` },
      ],
      results,
    ),
    '',
    ...ours.map(({ store, ranks, ...ratios }) =>
      [
        `- ${store}, ${ranks} rank${ranks > 1 ? 's' : ''}: \`ratioToFullSoftmax\` ${spread(ratios.ratioToFullSoftmax)}`,
        `\`memoryRatioToFullSoftmax\` ${digits(ratios.memoryRatioToFullSoftmax)} (${digits(ratios.workingMemoryRatioToFullSoftmax)} without what was there before the head)`,
        ...(ratios.ratioToPyTorch
          ? [`\`ratioToPyTorch\` ${spread(ratios.ratioToPyTorch)} (${pytorch})`]
          : []),
        ...(ratios.ratioToPublished
          ? [`\`ratioToPublished\` ${spread(ratios.ratioToPublished)} (autograd, as insightface's code)`]
          : []),
      ].join(', '),
    ),
    ...(ratioToPyTorch === null
      ? []
      : [`- \`ratioToPyTorch\` of the fastest, ${fastest}: ${digits(ratioToPyTorch)}`]),
    ...disturbance(results),
    ...Object.values(absent).map((why) => `- Not there: ${why}`),
  ];
}
