import { formatDigits } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { mean } from '../measure/statistics.js';
import { renderTable } from '../table.js';
import { LOWER } from './modes.js';
import { LAST_STEPS, type PrecisionLossesReport, type PrecisionTraining } from './run-precision-losses.js';

/** Renders the report as Markdown: a row with the final losses for each backend and seed. */
export function printPrecisionLosses({
  steps,
  settings,
  trainings,
  machine,
  absent,
}: PrecisionLossesReport): string {
  return [
    `- Figures: mean loss of the last ${LAST_STEPS} of ${steps} steps of a training on generated documents${settings.length > 0 ? ` (${settings.join(', ')})` : ''}, and its relative difference from \`highest\`.`,
    `- Machine: ${formatMachine(machine)}.`,
    '',
    renderTable<PrecisionTraining>(
      [
        { title: 'backend', value: ({ backend }) => backend, align: 'left' },
        { title: 'seed', value: ({ seed }) => String(seed) },
        { title: '`highest`', value: ({ losses }) => formatDigits(losses.highest) },
        ...LOWER.flatMap((mode) => [
          {
            title: `\`${mode}\``,
            value: ({ losses }: PrecisionTraining) =>
              losses[mode] === undefined ? '–' : formatDigits(losses[mode]),
          },
          {
            title: 'difference',
            value: ({ differences }: PrecisionTraining) => formatPercent(differences[mode]),
          },
        ]),
      ],
      trainings,
    ),
    '',
    ...renderMeanDifferences(trainings),
    ...Object.values(absent).map((why) => `- Absent: ${why}`),
  ].join('\n');
}

const formatPercent = (part: number | undefined) =>
  part === undefined ? '–' : `${(100 * part).toFixed(2)} %`;

/** Renders the mean differences over the seeds, because the difference of one seed is mostly chance. */
function renderMeanDifferences(trainings: readonly PrecisionTraining[]): string[] {
  return [...new Set(trainings.map(({ backend }) => backend))].flatMap((backend) =>
    LOWER.flatMap((mode) => {
      const own = trainings.flatMap((one) =>
        one.backend === backend && one.differences[mode] !== undefined ? [one.differences[mode]] : [],
      );
      if (own.length === 0) return [];
      return [
        `- ${backend}, \`${mode}\`: mean difference of ${formatPercent(mean(own))} over ${own.length} seeds`,
      ];
    }),
  );
}
