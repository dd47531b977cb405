import { digits, megabytes, spread } from '../format.js';
import { disturbance } from '../measure/disturbance.js';
import { machineLine } from '../measure/machine.js';
import { mean } from '../measure/statistics.js';
import { workloadLine } from '../step/workload.js';
import { table } from '../table.js';
import {
  LAST_STEPS,
  LOWER,
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
        {
          title: 'WebAssembly heap, MB',
          value: ({ memory }) => (memory.wasmHeap === undefined ? '–' : megabytes(memory.wasmHeap)),
        },
        { title: 'products of convolutions', value: (r) => r.convolutions, align: 'left' },
      ],
      contenders,
    ),
    '',
    '`mixed` is `medium` with activations in bfloat16 until the backward pass.',
    '',
    ...Object.entries(ratios).flatMap(([backend, ofModes]) =>
      Object.entries(ofModes).map(
        ([mode, ratio]) =>
          `- ${backend}, \`${mode}\` over \`highest\`, images/s: ${spread(ratio)}, ${ratio.repetitions} pairs of turns`,
      ),
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
              ...LOWER.flatMap((mode) => [
                {
                  title: `\`${mode}\``,
                  value: ({ losses }: PrecisionTraining) =>
                    losses[mode] === undefined ? '–' : digits(losses[mode]),
                },
                {
                  title: 'difference',
                  value: ({ differences }: PrecisionTraining) => percent(differences[mode]),
                },
              ]),
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

const percent = (part: number | undefined) => (part === undefined ? '–' : `${(100 * part).toFixed(2)} %`);

/** Of each backend: one seed's difference is mostly chance. */
function meanDifferences(trainings: readonly PrecisionTraining[]): string[] {
  return [...new Set(trainings.map(({ backend }) => backend))].flatMap((backend) =>
    LOWER.flatMap((mode) => {
      const own = trainings.flatMap((one) =>
        one.backend === backend && one.differences[mode] !== undefined ? [one.differences[mode]] : [],
      );
      if (own.length === 0) return [];
      return [
        `- ${backend}, \`${mode}\`: a mean difference of ${percent(mean(own))} over ${own.length} seeds`,
      ];
    }),
  );
}
