import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { OneShotFigures, OneShotReport } from './run-one-shot.js';

/** Renders the report as Markdown: one line per model, and their mean. */
export function printOneShot(report: OneShotReport): string {
  const { mean, interval, n } = report.overModels;
  return [
    `- Trials: ${report.trials} trials of ${report.ways} characters by two drawers, within ${report.alphabets} alphabets, drawn by seed ${report.seed}. Every trial classifies ${report.ways} queries by the nearest cosine.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    '',
    renderTable<OneShotFigures>(
      [
        { title: 'model', value: ({ model }) => model, align: 'left' },
        { title: 'accuracy', value: ({ accuracy }) => accuracy.toFixed(4) },
        {
          title: '95 % interval over trials',
          value: ({ interval: { low, high } }) => `${low.toFixed(4)}–${high.toFixed(4)}`,
        },
        {
          title: 'lowest alphabet',
          value: ({ byAlphabet }) => {
            const [name, accuracy] = Object.entries(byAlphabet).toSorted(([, a], [, b]) => a - b)[0];
            return `${name}, ${accuracy.toFixed(4)}`;
          },
        },
      ],
      report.models,
    ),
    ...(interval
      ? [
          '',
          `- Mean of ${n} models: ${mean.toFixed(4)}, 95 % interval ${interval.low.toFixed(4)}–${interval.high.toFixed(4)} (Student's t).`,
        ]
      : []),
  ].join('\n');
}
