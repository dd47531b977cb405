import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import { type FirstLossesReport, type LossDifferences, VARIANTS } from './run-first-losses.js';

/** Renders the report as Markdown: a table for each config, with a row for each variant. */
export function printFirstLosses(report: FirstLossesReport): string {
  const label = (id: string) => VARIANTS.find((variant) => variant.id === id)?.label ?? id;
  const formatDifference = (value: number) => value.toExponential(1);
  return [
    `- Figures: relative difference of the loss from that on \`wasm\`, same seed, one replica, ${report.steps} steps.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    ...report.comparisons.flatMap(({ name, settings, apart }) => [
      '',
      `**${name}**, ${settings.length ? settings.join(', ') : 'with the settings of its config'}:`,
      '',
      renderTable<LossDifferences>(
        [
          { title: 'compared with wasm', value: ({ id }) => label(id), align: 'left' },
          ...(apart[0]?.at ?? []).map(({ step }, i) => ({
            title: `step ${step}`,
            value: ({ at }: LossDifferences) => formatDifference(at[i].relative),
          })),
          { title: 'largest', value: ({ worst, atStep }) => `${formatDifference(worst)} (step ${atStep})` },
        ],
        apart,
      ),
    ]),
    ...Object.entries(report.absent).map(([id, why]) => `\n- Absent: ${label(id)}: ${why}`),
  ].join('\n');
}
