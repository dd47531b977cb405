import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { GalleryFigures, GalleryReport } from './run-gallery.js';

/** Renders the report as Markdown: a row for each size and contender. */
export function printGallery({ sizes, dimensions, queries, k, machine }: GalleryReport): string {
  const rows = sizes.flatMap(({ rows, contenders }) => contenders.map((figures) => ({ rows, figures })));
  const peers = new Set(rows.map(({ figures }) => figures.about).filter(Boolean));
  return [
    `- Input: the top ${k} of ${dimensions}-dimensional embeddings, for ${queries} queries one after the other.`,
    `- Machine: ${formatMachine(machine)}.`,
    ...(peers.size > 0 ? [`- Peers: ${[...peers].join('; ')}.`] : []),
    '',
    renderTable<{ rows: number; figures: GalleryFigures }>(
      [
        { title: 'embeddings', value: ({ rows }) => rows.toLocaleString('en') },
        { title: 'implementation', value: ({ figures }) => figures.label, align: 'left' },
        { title: 'ms per query', value: ({ figures }) => formatSummary(figures.milliseconds) },
        {
          title: 'processor ms per query',
          value: ({ figures }) => formatSummary(figures.processorMilliseconds),
        },
        { title: 'recall', value: ({ figures }) => figures.recall.toFixed(4) },
        { title: 'load and build, s', value: ({ figures }) => formatDigits(figures.buildSeconds) },
        { title: 'peak memory, MB', value: ({ figures }) => formatMegabytes(figures.peakRss) },
        {
          title: 'peak before the embeddings, MB',
          value: ({ figures }) => formatMegabytes(figures.footprint),
        },
      ],
      rows,
    ),
    ...sizes.flatMap(({ rows, absent }) =>
      absent.length > 0
        ? ['', ...absent.map((reason) => `- ${rows.toLocaleString('en')} embeddings: no ${reason}.`)]
        : [],
    ),
  ].join('\n');
}
