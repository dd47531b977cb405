import { formatDigits } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { renderTable } from '../table.js';
import { CACHED, type DataReport, type DataRow } from './run-data.js';

/** Renders the report as Markdown: a row for each size of files and images. */
export function printData({ rows, batch, machine, training, libraries }: DataReport): string {
  const compared = rows.filter((row) => row.ratio !== undefined);
  const worst = compared.toSorted((a, b) => (a.ratio ?? 0) - (b.ratio ?? 0))[0];
  const atTraining = rows.filter(({ size }) => size === training.imageSize);
  const speedOf = (id: string) => (row: DataRow) => {
    const found = row.contenders.find((contender) => contender.id === id);
    return found ? String(Math.round(found.imagesPerSecond)) : '–';
  };
  return [
    `- Figures: images a second a core, by the processor time of all threads; medians of turns. JPEG files (4:2:0, quality 90) are read, decoded and augmented in batches of ${batch}.`,
    '- "unitsphere, cached" augments images that were decoded when the folder was opened, and reads them from the cache on disk, as a training does. Everyone else decodes every file each time.',
    '- Operations, each with probability 0.5: a crop of 0.8 to 1 of the area, Gaussian blur (3, 5 or 7 px), Gaussian noise, color jitter.',
    '- Everyone loads on demand, in the main process: no batch is made ahead, and none is sent to another process or thread.',
    `- Machine: ${formatMachine(machine)}.`,
    ...(libraries.length > 0 ? [`- Peers: ${libraries.join('; ')}.`] : []),
    '',
    renderTable<DataRow>(
      [
        {
          title: 'files',
          value: ({ file }) => `${file.width} × ${file.height}, ${file.kilobytes.toFixed(0)} kB`,
          align: 'left',
        },
        { title: 'images, px', value: ({ size }) => String(size) },
        { title: 'unitsphere', value: speedOf('ours') },
        { title: 'unitsphere, cached', value: speedOf(CACHED) },
        { title: 'torchvision, tensors', value: speedOf('torchvision') },
        { title: 'torchvision, Pillow', value: speedOf('pillow') },
        { title: 'Albumentations', value: speedOf('albumentations') },
        {
          title: 'ours / fastest peer',
          value: ({ ratio }) => (ratio === undefined ? '–' : `${formatDigits(ratio)}×`),
        },
      ],
      rows,
    ),
    '',
    ...(worst
      ? [
          `- Lowest: ${worst.file.width} × ${worst.file.height} to ${worst.size} px, at ${formatDigits(worst.ratio ?? 0)} times the fastest peer.`,
        ]
      : []),
    ...atTraining.map((row) => {
      const timesOf = (id: string) => {
        const found = row.contenders.find((contender) => contender.id === id);
        return found
          ? `${formatDigits(found.imagesPerSecond / training.imagesPerSecond)} times`
          : 'not measured';
      };
      return `- A training at ${training.imageSize} px with ${training.backbone} uses ${Math.round(training.imagesPerSecond)} images a second a core. From ${row.file.width} × ${row.file.height}, a core prepares ${timesOf('ours')} as many when it decodes every file, and ${timesOf(CACHED)} as many from the cache of decoded images.`;
    }),
    ...rows.flatMap((row) =>
      row.absent.map((reason) => `- ${row.file.width} × ${row.file.height}: no ${reason}`),
    ),
    ...warnOfOtherWork(rows.flatMap(({ contenders }) => contenders.map(({ timing }) => timing))),
  ].join('\n');
}
