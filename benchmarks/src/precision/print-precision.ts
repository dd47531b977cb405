import { digits, megabytes, spread } from '../format.js';
import { disturbance } from '../measure/disturbance.js';
import { machineLine } from '../measure/machine.js';
import { mean } from '../measure/statistics.js';
import { workloadLine } from '../step/workload.js';
import { table } from '../table.js';
import {
  LAST_STEPS,
  type PrecisionReport,
  type PrecisionStep,
  type PrecisionTraining,
} from './run-precision.js';

/** The report as Markdown: steps by precision, what was really done, and where trainings end. */
export function printPrecision(report: PrecisionReport): string {
  const { contenders, trainings, ratios, steps, settings } = report;
  return [
    `${workloadLine(report.workload)} but for what is named. ${machineLine(report.machine)}.`,
    '',
    table<PrecisionStep>(
      [
        { title: 'one training step', value: ({ label }) => label, align: 'left' },
        { title: 'images/s', value: (r) => spread(r.imagesPerSecond) },
        { title: 'ms', value: (r) => spread(r.stepMilliseconds) },
        { title: 'processor ms', value: (r) => spread(r.processorMilliseconds) },
        { title: 'peak memory, MB', value: ({ memory }) => megabytes(memory.peakRss) },
        { title: 'products of convolutions', value: (r) => r.convolutions, align: 'left' },
      ],
      contenders,
    ),
    '',
    ...Object.entries(ratios).map(
      ([backend, ratio]) =>
        `- ${backend}, \`medium\` over \`highest\`, images/s: ${spread(ratio)}, ${ratio.repetitions} pairs of turns`,
    ),
    ...disturbance(contenders),
    ...(trainings.length > 0
      ? [
          '',
          `Trainings of ${steps} steps on the generated documents${settings.length > 0 ? ` (${settings.join(', ')})` : ''}, a seed a row; the mean loss of the last ${LAST_STEPS} steps:`,
          '',
          table<PrecisionTraining>(
            [
              { title: 'backend', value: ({ backend }) => backend, align: 'left' },
              { title: 'seed', value: ({ seed }) => String(seed) },
              { title: '`highest`', value: ({ losses }) => digits(losses.highest) },
              { title: '`medium`', value: ({ losses }) => digits(losses.medium) },
              { title: 'difference', value: ({ difference }) => `${(100 * difference).toFixed(2)} %` },
            ],
            trainings,
          ),
          '',
          ...meanDifferences(trainings),
        ]
      : []),
    ...Object.values(report.absent).map((why) => `\n- Not there: ${why}`),
  ].join('\n');
}

/** Of each backend: one seed's difference is mostly chance. */
function meanDifferences(trainings: readonly PrecisionTraining[]): string[] {
  return [...new Set(trainings.map(({ backend }) => backend))].map((backend) => {
    const own = trainings.filter((one) => one.backend === backend).map(({ difference }) => difference);
    return `- ${backend}: a mean difference of ${(100 * mean(own)).toFixed(2)} % over ${own.length} seeds`;
  });
}
