import { digits, megabytes, spread } from '../format.js';
import { disturbance } from '../measure/disturbance.js';
import { machineLine } from '../measure/machine.js';
import { table } from '../table.js';
import type { StepReport, StepResult } from './run-step.js';
import { workloadLine } from './workload.js';

/** The report as Markdown: a table, the ratios, and who is not there. */
export function printStep(report: StepReport): string {
  const { contenders, ratios } = report;
  const base = contenders.find(({ id }) => id === ratios['ratioToPyTorch']?.theirs);
  const rows = table<StepResult>(
    [
      { title: 'one training step', value: (r) => r.label, align: 'left' },
      { title: 'images/s', value: (r) => spread(r.imagesPerSecond) },
      { title: 'ms', value: (r) => spread(r.stepMilliseconds) },
      {
        title: "of PyTorch's fastest",
        value: (r) => (base ? `${digits(r.imagesPerSecond.median / base.imagesPerSecond.median)}×` : '–'),
      },
      { title: 'peak memory, MB', value: (r) => megabytes(r.peakRss) },
      { title: 'before the model, MB', value: (r) => megabytes(r.footprint) },
      { title: 'processor ms', value: (r) => spread(r.processorMilliseconds) },
      { title: 'cores used', value: (r) => digits(r.coresUsed) },
      { title: 'turns × steps', value: (r) => `${r.stepMilliseconds.repetitions} × ${r.stepsPerTurn}` },
    ],
    contenders,
  );
  return [
    `${workloadLine(report.workload)}. ${machineLine(report.machine)}.`,
    '',
    rows,
    '',
    ...ratioLines(report),
    ...disturbance(contenders),
    ...Object.values(report.absent).map((why) => `- Not there: ${why}`),
  ].join('\n');
}

function ratioLines(report: StepReport): string[] {
  const speeds = Object.entries(report.ratios).map(
    ([name, ratio]) =>
      `- \`${name}\` ${spread(ratio)}: ${ratio.ours} over ${ratio.theirs}, ${ratio.repetitions} pairs of turns`,
  );
  const memory = (['peakMemoryRatioToPyTorch', 'workingMemoryRatioToPyTorch'] as const).flatMap((name) => {
    const value = report[name];
    return value === null ? [] : [`- \`${name}\` ${digits(value)}`];
  });
  return [...speeds, ...memory];
}
