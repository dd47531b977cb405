import { stripVTControlCharacters } from 'node:util';
import { type DataInspection, inspectData } from '../dataset/inspect-data.js';
import type { ImageSize, SideDistribution } from '../dataset/measure-sizes.js';
import { openingHandlers } from '../dataset/opening-handlers.js';
import { packData } from '../dataset/pack-data.js';
import { formatBytes } from '../format-bytes.js';
import { countingPhase } from '../progress/counting-phase.js';
import { Progress } from '../progress/progress.js';
import { shellArgument } from '../shell-argument.js';
import { pathArgument } from './relative-path.js';

/** Options of `unitsphere data inspect`. */
export interface InspectOptions {
  json?: boolean;
}

/** Prints what images contain. Returns the exit code. */
export async function inspect(path: string, { json = false }: InspectOptions): Promise<number> {
  const progress = new Progress({ totalSteps: 1 });
  const phase = countingPhase(progress, true);
  try {
    progress.phase('reading images');
    const found = await inspectData(path, {
      ...openingHandlers(progress),
      measured: (done, total) => phase(`reading sizes: ${count(done)} of ${count(total)}`),
    });
    progress.phase(null);
    progress.done();
    if (json) {
      process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
      return 0;
    }
    const { identities, images, bytes, perIdentity, sizes, skipped, duplicates, settings } = found;
    const lines = [
      `${count(identities)} identities, ${count(images)} images, ${formatBytes(bytes)}`,
      ...perIdentity.map(({ from, to, identities: n }) => {
        const range = from === to ? `${from}` : `${from} to ${to}`;
        return `  ${range} ${to === 1 ? 'image' : 'images'}: ${count(n)} identities`;
      }),
      ...describeSizes(sizes),
      ...listed(
        `${count(skipped.length)} files are not used`,
        skipped.map(({ file, reason }) => `${file}: ${reason}`),
      ),
      ...listed(
        `${count(duplicates.length)} pictures belong to several identities`,
        duplicates.map(({ files, kind }) => `${files.join(' = ')} (${kind})`),
      ),
      `To train on them: unitsphere train --data ${pathArgument(path)}${settings.map((setting) => ` --set ${shellArgument(setting)}`).join('')}`,
    ];
    for (const line of lines) process.stdout.write(`${stripVTControlCharacters(line)}\n`);
    return 0;
  } finally {
    progress.done();
  }
}

/** Packs images into one file. Returns the exit code. */
export async function pack(path: string, file: string): Promise<number> {
  const progress = new Progress({ totalSteps: 1 });
  const phase = countingPhase(progress);
  try {
    const { images, skipped } = await packData(path, file, {
      onListed: openingHandlers(progress).listed,
      onProgress: (done, total) => phase(`packing: ${count(done)} of ${count(total)}`),
    });
    progress.phase(null);
    progress.done();
    const left = skipped > 0 ? `; ${count(skipped)} files are not images and were left out` : '';
    process.stdout.write(`${count(images)} images in ${file}${left}\n`);
    return 0;
  } finally {
    progress.done();
  }
}

/** Describes the smallest and largest image, and how the widths and heights are distributed. */
function describeSizes({ smallest, largest, widths, heights }: DataInspection['sizes']): string[] {
  const size = ({ width, height, file }: ImageSize) => `${width} × ${height} (${file})`;
  const row = (name: string, sides: SideDistribution) =>
    `  ${name}: ${PERCENTILES.map((key) => `${sides[key]}`).join(', ')}`;
  return [
    `pixels: smallest ${size(smallest)}, largest ${size(largest)}; minimum, 5 %, median, 95 % and maximum of`,
    row('widths', widths),
    row('heights', heights),
  ];
}

const PERCENTILES = ['minimum', 'p5', 'median', 'p95', 'maximum'] as const;

const count = (n: number) => n.toLocaleString('en');

function listed(title: string, entries: readonly string[]): string[] {
  if (entries.length === 0) return [];
  const shown = entries.slice(0, 5).map((entry) => `  ${entry}`);
  return [
    `${title}:`,
    ...shown,
    ...(entries.length > 5 ? [`  … and ${count(entries.length - 5)} more`] : []),
  ];
}
