import { digits } from '../format.js';
import { machineLine } from '../measure/machine.js';
import { mean } from '../measure/statistics.js';
import { table } from '../table.js';
import { LOWER } from './modes.js';
import { LAST_STEPS, type PrecisionLossesReport, type PrecisionTraining } from './run-precision-losses.js';

/** The report as Markdown: where trainings end, a seed a row. */
export function printPrecisionLosses({
  steps,
  settings,
  trainings,
  machine,
  absent,
}: PrecisionLossesReport): string {
  return [
    `Trainings of ${steps} steps on the generated documents${settings.length > 0 ? ` (${settings.join(', ')})` : ''}, a seed a row; the mean loss of the last ${LAST_STEPS} steps. ${machineLine(machine)}.`,
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
    ...Object.values(absent).map((why) => `- Not there: ${why}`),
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
