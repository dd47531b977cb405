import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { CardFigures, CardModelReport } from './run-card-model.js';

/** Renders the report as Markdown. */
export function printCardModel({ machine, copies, figures }: CardModelReport): string {
  const tpr = (fpr: string) => ({
    title: `TPR@${fpr}`,
    value: ({ tprAtFpr, intervals }: CardFigures) => {
      const interval = intervals?.[fpr];
      return `${tprAtFpr[fpr]?.toFixed(3) ?? '–'}${interval ? ` (${interval.low.toFixed(3)}–${interval.high.toFixed(3)})` : ''}`;
    },
  });
  return [
    '- Intervals are of 95 %, over identities.',
    `- Machine: ${formatMachine(machine)}.`,
    ...copies.map(({ kind, files }) => `- ${kind}: ${files.map((file) => `\`${file}\``).join(', ')}`),
    '',
    renderTable<CardFigures>(
      [
        {
          title: 'network',
          value: ({ network, step }) => network + (step ? `, step ${step}` : ''),
          align: 'left',
        },
        { title: 'images', value: ({ images }) => images, align: 'left' },
        { title: 'identities', value: ({ identities }) => String(identities ?? '–') },
        ...['1e-2', '1e-3', '1e-4'].map(tpr),
        { title: 'AUROC', value: ({ auroc }) => auroc.toFixed(4) },
        { title: 'rank-1', value: ({ rank1 }) => rank1.toFixed(3) },
      ],
      figures,
    ),
  ].join('\n');
}
