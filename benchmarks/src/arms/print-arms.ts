import { formatDigits } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { summarize } from '../measure/statistics.js';
import { renderTable } from '../table.js';
import type { Arm, ArmRun, ArmsReport } from './run-arms.js';

/** Renders the report as Markdown: a row for each training, a row for each arm, and differences from the first arm. */
export function printArms(report: ArmsReport): string {
  const [first] = report.runs;
  const label = (id: string) => report.arms.find((arm) => arm.id === id)?.label ?? id;
  const count = (value: number) => value.toLocaleString('en');
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  const summarizeTpr = (arm: Arm, fpr: string) => {
    const { median, low, high } = summarize(
      report.runs.filter((run) => run.arm === arm.id).map((run) => run.tprAtFpr[fpr]),
    );
    return `${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
  };
  const { positive, negative } = first.pairs;
  return [
    `- Training: \`${report.config}\`${report.settings.length ? ` with ${report.settings.map((setting) => `\`${setting}\``).join(', ')}` : ''}; ${count(first.classes)} classes, ${count(first.steps)} steps, ${count(first.imagesSeen)} images.`,
    `- Held out: ${count(positive)} pairs of the same identity and ${count(negative)} pairs of different ones.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    '',
    renderTable<ArmRun>(
      [
        { title: 'training', value: ({ arm }) => label(arm), align: 'left' },
        { title: 'seed', value: ({ seed }) => String(seed) },
        { title: 'TPR@1e-2', value: (run) => run.tprAtFpr['1e-2'].toFixed(3) },
        { title: 'TPR@1e-3', value: (run) => run.tprAtFpr['1e-3'].toFixed(3) },
        { title: 'AUROC', value: ({ auroc }) => auroc.toFixed(4) },
        ...(report.runs.some((run) => run.gradientRatio !== undefined)
          ? [
              {
                title: 'gradient norm, teacher over margin loss',
                value: ({ gradientRatio }: ArmRun) =>
                  gradientRatio === undefined ? '–' : formatRatio(gradientRatio),
              },
            ]
          : []),
        ...(report.benchmark === 'replicas'
          ? [
              {
                title: 'loss, last quarter',
                value: ({ lastLoss }: ArmRun) => formatDigits(lastLoss),
              },
            ]
          : []),
        { title: 'ms per step', value: (run) => formatDigits((1000 * run.stepSeconds) / run.steps) },
      ],
      report.runs,
    ),
    '',
    renderTable<Arm>(
      [
        { title: 'median of the seeds (lowest–highest)', value: (arm) => arm.label, align: 'left' },
        { title: 'TPR@1e-2', value: (arm) => summarizeTpr(arm, '1e-2') },
        { title: 'TPR@1e-3', value: (arm) => summarizeTpr(arm, '1e-3') },
      ],
      report.arms,
    ),
    '',
    ...report.arms.map(
      ({ label, settings }) =>
        `- Settings of “${label}”: ${settings.map((setting) => `\`${setting}\``).join(', ') || 'those of the config'}`,
    ),
    ...Object.entries(report.tprDifferences).map(
      ([id, { median, low, high }]) =>
        `- TPR@1e-3 of “${label(id)}” minus “${label(report.arms[0].id)}” with the same seed: ${signed(median)} (${signed(low)} … ${signed(high)})`,
    ),
  ].join('\n');
}

/** Formats a ratio, with an exponent if three decimals would not show it. */
function formatRatio(ratio: number): string {
  return ratio > 0 && ratio < 0.001 ? ratio.toExponential(1).replace('-', '−') : formatDigits(ratio);
}
