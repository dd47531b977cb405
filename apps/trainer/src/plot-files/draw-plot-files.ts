import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { plotSvg } from '../report/plot-file.js';
import type { Figure } from '../report/plots.js';
import { diskError } from '../run/disk-error.js';
import { deleteLeftovers } from '../run/leftovers.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { PNG_FONT, pngPainter } from './png-painter.js';

/** The name of the plots' folder, beside the report. */
export const PLOTS = 'plots';

/** The formats of plot files: a vector graphic for the web and papers, an image for everything else. */
export type PlotFormat = 'svg' | 'png';

/** A plot as files. */
export interface PlotFile {
  /** The file name without extension, such as `roc`. */
  name: string;
  svg?: string;
  png?: Uint8Array;
}

/** A report's plots as files. */
export interface PlotFiles {
  plots: PlotFile[];
  /** The reason why there are no PNG files; absent if there are. */
  problem?: string;
}

/** Draws figures as self-contained files of the given formats. */
export async function drawPlotFiles(
  figures: readonly Figure[],
  formats: readonly PlotFormat[] = ['svg', 'png'],
): Promise<PlotFiles> {
  let paint: Awaited<ReturnType<typeof pngPainter>> | undefined;
  let problem: string | undefined;
  if (formats.includes('png')) {
    try {
      paint = await pngPainter();
    } catch (error) {
      // PNG files are optional: training needs no canvas, and its results must not fail for lack of one.
      problem = `The plots are SVG files only: ${(error as Error).message}`;
    }
  }
  const withSvg = formats.includes('svg') || problem !== undefined;
  if (!withSvg && !paint) return { plots: [] };
  const draw = async (figure: Figure): Promise<PlotFile> => ({
    name: figure.plot.id,
    ...(withSvg && { svg: plotSvg(figure) }),
    ...(paint && { png: await paint(plotSvg(figure, PNG_FONT)) }),
  });
  return { plots: await Promise.all(figures.map(draw)), ...(problem !== undefined && { problem }) };
}

/** Writes plots into a folder's {@link PLOTS}, each atomically. @throws UserError if they cannot be written. */
export async function writePlotFiles(folder: string, plots: readonly PlotFile[]): Promise<void> {
  if (plots.length === 0) return;
  const directory = join(folder, PLOTS);
  await mkdir(directory, { recursive: true }).catch(async (error) => {
    throw diskError(error, directory, 0);
  });
  await deleteLeftovers(directory);
  // All at once: each waits for the disk, and a failure is thrown only when no other file is still being written.
  const written = await Promise.allSettled(
    plots.flatMap(({ name, svg, png }) => [
      ...(svg ? [writeFileAtomic(join(directory, `${name}.svg`), svg)] : []),
      ...(png ? [writeFileAtomic(join(directory, `${name}.png`), png)] : []),
    ]),
  );
  for (const result of written) if (result.status === 'rejected') throw result.reason;
}
