import { wilson } from '@unitsphere/verification';
import { table } from '../table.js';
import type { Coverage, CoverageReport } from './run-coverage.js';

/** The report as Markdown: a row an interval. */
export function printCoverage({ rows, stated, resamples }: CoverageReport): string {
  const percent = (rate: number) => `${(100 * rate).toFixed(1)} %`;
  return [
    `How often intervals stated at ${percent(stated)} held the truth; ${resamples} resamples.`,
    '',
    table<Coverage>(
      [
        { title: 'interval', value: ({ interval }) => interval, align: 'left' },
        { title: 'of', value: ({ of }) => of, align: 'left' },
        { title: 'truth', value: ({ truth }) => truth.toFixed(4) },
        { title: 'held it', value: ({ covered, draws }) => percent(covered / draws) },
        {
          title: 'of that, by chance',
          value: ({ covered, draws }) => {
            const { low, high } = wilson(covered, draws);
            return `${percent(low)} – ${percent(high)}`;
          },
        },
        { title: 'below it', value: ({ below }) => String(below) },
        { title: 'above it', value: ({ above }) => String(above) },
        { title: 'draws', value: ({ draws }) => String(draws) },
      ],
      rows,
    ),
  ].join('\n');
}
