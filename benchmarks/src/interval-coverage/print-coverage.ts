import { wilsonInterval } from '@unitsphere/verification';
import { renderTable } from '../table.js';
import type { Coverage, CoverageReport } from './run-coverage.js';

/** Renders the report as Markdown: a row for each interval. */
export function printCoverage({ rows, stated, resamples }: CoverageReport): string {
  const formatPercent = (rate: number) => `${(100 * rate).toFixed(1)} %`;
  return [
    `Coverage of intervals with a nominal level of ${formatPercent(stated)}. Bootstrap intervals over identities use ${resamples} resamples.`,
    '',
    renderTable<Coverage>(
      [
        { title: 'interval', value: ({ interval }) => interval, align: 'left' },
        { title: 'sample', value: ({ of }) => of, align: 'left' },
        { title: 'true value', value: ({ truth }) => truth.toFixed(4) },
        { title: 'coverage', value: ({ covered, draws }) => formatPercent(covered / draws) },
        {
          title: '95 % interval of the coverage',
          value: ({ covered, draws }) => {
            const { low, high } = wilsonInterval(covered, draws);
            return `${formatPercent(low)} – ${formatPercent(high)}`;
          },
        },
        { title: 'entirely below', value: ({ below }) => String(below) },
        { title: 'entirely above', value: ({ above }) => String(above) },
        { title: 'draws', value: ({ draws }) => String(draws) },
      ],
      rows,
    ),
  ].join('\n');
}
