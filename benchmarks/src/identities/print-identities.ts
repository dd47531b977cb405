import { digits } from '../format.js';
import { machineLine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { table } from '../table.js';
import type { IdentitiesReport, IdentitiesRun } from './run-identities.js';

/** The report as Markdown: a row a training, and the two arms compared. */
export function printIdentities(report: IdentitiesReport): string {
  const [first] = report.runs;
  const [start] = report.starts;
  const label = (run: IdentitiesRun) => report.arms.find(({ id }) => id === run.arm)!.label;
  const rate = (fpr: string) => (run: IdentitiesRun) => run.tprAtFpr[fpr].toFixed(3);
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  const range = ({ median, low, high }: Summary, write: (value: number) => string) =>
    `${write(median)} (${write(low)} … ${write(high)})`;
  return [
    `${report.identities.toLocaleString('en')} generated documents, ${first.classes.toLocaleString('en')} of them classes, ${first.steps.toLocaleString('en')} steps, ${first.imagesSeen.toLocaleString('en')} images; held out: ${first.pairs.positive.toLocaleString('en')} same and ${first.pairs.negative.toLocaleString('en')} different pairs. ${machineLine(report.machine)}.`,
    '',
    table<IdentitiesRun>(
      [
        { title: 'softmax', value: label, align: 'left' },
        { title: 'seed', value: ({ seed }) => String(seed) },
        { title: 'TPR@1e-2', value: rate('1e-2') },
        { title: 'TPR@1e-3', value: rate('1e-3') },
        { title: 'TPR@1e-4', value: rate('1e-4') },
        { title: 'AUROC', value: ({ auroc }) => auroc.toFixed(4) },
        { title: 'in the loss, ms a step', value: (r) => digits((1000 * r.lossSeconds) / r.steps) },
        { title: 'of the step', value: (r) => `${((100 * r.lossSeconds) / r.stepSeconds).toFixed(0)} %` },
      ],
      report.runs,
    ),
    '',
    `- Both of a seed begin with one network, trained on ${start.classes.toLocaleString('en')} documents in ${start.steps.toLocaleString('en')} steps (TPR@1e-3 ${range(summarize(report.starts.map(({ tprAtFpr }) => tprAtFpr['1e-3'])), (value) => value.toFixed(3))} of its own held-out ones)`,
    `- TPR@1e-3, sampled less full, same seed: ${range(report.tprDifference, signed)}`,
    `- time in the loss, sampled over full: ${range(report.lossTimeRatio, digits)}`,
  ].join('\n');
}
