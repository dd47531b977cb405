import { machineLine } from '../measure/machine.js';
import { table } from '../table.js';
import { type FirstLossesReport, type LossesApart, TRAINEES } from './run-first-losses.js';

/** The report as Markdown: a table for each config, a row for each who trained on it. */
export function printFirstLosses(report: FirstLossesReport): string {
  const label = (id: string) => TRAINEES.find((trainee) => trainee.id === id)!.label;
  const small = (value: number) => value.toExponential(1);
  return [
    `Relative difference of the loss from wasm's, same seed, one replica, ${report.steps} steps. ${machineLine(report.machine)}.`,
    ...report.comparisons.flatMap(({ name, settings, apart }) => [
      '',
      `**${name}**, ${settings.length ? settings.join(', ') : 'as its config is'}:`,
      '',
      table<LossesApart>(
        [
          { title: 'beside wasm', value: ({ id }) => label(id), align: 'left' },
          ...(apart[0]?.at ?? []).map(({ step }, i) => ({
            title: `step ${step}`,
            value: ({ at }: LossesApart) => small(at[i].relative),
          })),
          { title: 'largest', value: ({ worst, atStep }) => `${small(worst)} (step ${atStep})` },
        ],
        apart,
      ),
    ]),
    ...Object.entries(report.absent).map(([id, why]) => `\n- ${label(id)}: ${why}`),
  ].join('\n');
}
