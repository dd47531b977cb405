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

/** A plot as files. */
export interface PlotFile {
  /** The file name without extension, such as `roc`. */
  name: string;
  svg: string;
  png?: Uint8Array;
}

/** A report's plots as files. */
export interface PlotFiles {
  plots: PlotFile[];
  /** The reason why there are no PNG files; absent if there are. */
  problem?: string;
}

/** Draws figures as self-contained SVG and PNG files. */
export async function drawPlotFiles(figures: readonly Figure[]): Promise<PlotFiles> {
  let paint: Awaited<ReturnType<typeof pngPainter>>;
  try {
    paint = await pngPainter();
  } catch (error) {
    // PNG files are optional: training needs no canvas, and its results must not fail for lack of one.
    const plots = figures.map((figure) => ({ name: figure.plot.id, svg: plotSvg(figure) }));
    return { plots, problem: `The plots are SVG files only: ${(error as Error).message}` };
  }
  const plots: PlotFile[] = [];
  for (const figure of figures) {
    const png = await paint(plotSvg(figure, PNG_FONT));
    plots.push({ name: figure.plot.id, svg: plotSvg(figure), png });
  }
  return { plots };
}

/** Writes plots into a folder's {@link PLOTS}, each atomically. @throws UserError if they cannot be written. */
export async function writePlotFiles(folder: string, plots: readonly PlotFile[]): Promise<void> {
  const directory = join(folder, PLOTS);
  await mkdir(directory, { recursive: true }).catch(async (error) => {
    throw diskError(error, directory, 0);
  });
  await deleteLeftovers(directory);
  for (const { name, svg, png } of plots) {
    await writeFileAtomic(join(directory, `${name}.svg`), svg);
    if (png) await writeFileAtomic(join(directory, `${name}.png`), png);
  }
}
