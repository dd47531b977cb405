import { formatDigits } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { renderTable } from '../table.js';
import type { IdentitiesReport, IdentitiesRun } from './run-identities.js';

/** Renders the report as Markdown: a row for each training, and the comparison of the two arms. */
export function printIdentities(report: IdentitiesReport): string {
  const [first] = report.runs;
  const [start] = report.starts;
  const label = (run: IdentitiesRun) => report.arms.find(({ id }) => id === run.arm)?.label ?? run.arm;
  const rate = (fpr: string) => (run: IdentitiesRun) => run.tprAtFpr[fpr].toFixed(3);
  const count = (value: number) => value.toLocaleString('en');
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  const range = ({ median, low, high }: Summary, write: (value: number) => string) =>
    `${write(median)} (${write(low)} … ${write(high)})`;
  return [
    `- Training: ${count(report.identities)} generated documents, ${count(first.classes)} of them classes, ${count(first.steps)} steps, ${count(first.imagesSeen)} images.`,
    `- Held out: ${count(first.pairs.positive)} pairs of the same document and ${count(first.pairs.negative)} pairs of different ones.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    '',
    renderTable<IdentitiesRun>(
      [
        { title: 'softmax', value: label, align: 'left' },
        { title: 'seed', value: ({ seed }) => String(seed) },
        { title: 'TPR@1e-2', value: rate('1e-2') },
        { title: 'TPR@1e-3', value: rate('1e-3') },
        { title: 'TPR@1e-4', value: rate('1e-4') },
        { title: 'AUROC', value: ({ auroc }) => auroc.toFixed(4) },
        {
          title: 'time in the loss, ms per step',
          value: (r) => formatDigits((1000 * r.lossSeconds) / r.steps),
        },
        {
          title: 'share of the step',
          value: (r) => `${((100 * r.lossSeconds) / r.stepSeconds).toFixed(0)} %`,
        },
      ],
      report.runs,
    ),
    '',
    `- Both trainings of a seed start from the same network, trained on ${count(start.classes)} documents in ${count(start.steps)} steps. Its TPR@1e-3 on its own held-out documents is ${range(summarize(report.starts.map(({ tprAtFpr }) => tprAtFpr['1e-3'])), (value) => value.toFixed(3))}.`,
    `- TPR@1e-3, sampled minus full with the same seed: ${range(report.tprDifference, signed)}`,
    `- Time in the loss, sampled over full: ${range(report.lossTimeRatio, formatDigits)}`,
  ].join('\n');
}
