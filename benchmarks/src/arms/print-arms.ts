import { digits } from '../format.js';
import { machineLine } from '../measure/machine.js';
import { summarize } from '../measure/statistics.js';
import { table } from '../table.js';
import type { Arm, ArmRun, ArmsReport } from './run-arms.js';

/** The report as Markdown: a row a training, a row an arm, and every arm beside the first. */
export function printArms(report: ArmsReport): string {
  const [first] = report.runs;
  const label = (id: string) => report.arms.find((arm) => arm.id === id)!.label;
  const count = (value: number) => value.toLocaleString('en');
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  const of = (arm: Arm, fpr: string) => {
    const { median, low, high } = summarize(
      report.runs.filter((run) => run.arm === arm.id).map((run) => run.tprAtFpr[fpr]),
    );
    return `${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
  };
  const { positive, negative } = first.pairs;
  return [
    `${report.config}${report.settings.length ? `, ${report.settings.join(', ')}` : ''}: ${count(first.classes)} classes, ${count(first.steps)} steps, ${count(first.imagesSeen)} images; held out: ${count(positive)} same and ${count(negative)} different pairs. ${machineLine(report.machine)}.`,
    '',
    table<ArmRun>(
      [
        { title: 'training', value: ({ arm }) => label(arm), align: 'left' },
        { title: 'seed', value: ({ seed }) => String(seed) },
        { title: 'TPR@1e-2', value: (run) => run.tprAtFpr['1e-2'].toFixed(3) },
        { title: 'TPR@1e-3', value: (run) => run.tprAtFpr['1e-3'].toFixed(3) },
        { title: 'AUROC', value: ({ auroc }) => auroc.toFixed(4) },
        ...(report.runs.some((run) => run.gradientRatio !== undefined)
          ? [
              {
                title: "teacher's gradient over the margin loss's",
                value: ({ gradientRatio }: ArmRun) =>
                  gradientRatio === undefined ? '–' : small(gradientRatio),
              },
            ]
          : []),
        { title: 'ms a step', value: (run) => digits((1000 * run.stepSeconds) / run.steps) },
      ],
      report.runs,
    ),
    '',
    table<Arm>(
      [
        { title: 'median of the seeds (lowest–highest)', value: (arm) => arm.label, align: 'left' },
        { title: 'TPR@1e-2', value: (arm) => of(arm, '1e-2') },
        { title: 'TPR@1e-3', value: (arm) => of(arm, '1e-3') },
      ],
      report.arms,
    ),
    '',
    ...report.arms.map(
      ({ label, settings }) =>
        `- ${label}: ${settings.map((setting) => `\`${setting}\``).join(', ') || 'as the config'}`,
    ),
    ...Object.entries(report.tprDifferences).map(
      ([id, { median, low, high }]) =>
        `- TPR@1e-3, ${label(id)} less ${label(report.arms[0].id)}, same seed: ${signed(median)} (${signed(low)} … ${signed(high)})`,
    ),
  ].join('\n');
}

/** Also of a ratio that three decimals would not show. */
function small(ratio: number): string {
  return ratio > 0 && ratio < 0.001 ? ratio.toExponential(1).replace('-', '−') : digits(ratio);
}
