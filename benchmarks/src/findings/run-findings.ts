import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { comparisonFigures, plotSvg } from 'unitsphere/report';
import { checkNotes } from './check-notes.js';
import { FINDINGS } from './findings.js';
import { measureFinding } from './measure-finding.js';
import { NOTES, type Note } from './notes.js';
import { readStudies } from './read-studies.js';
import { getPlotName, renderFindings } from './render-findings.js';

/** Paths of the inputs and outputs of {@link runFindings}. */
export interface FindingsPaths {
  /** Folder of the results of the studies. */
  studies: string;
  /** Path of the page to write. */
  page: string;
  /** Folder of the plots to write. Other plots in it are deleted. */
  plots: string;
}

/**
 * Writes the page of the nine findings and its plots from the results of the studies.
 * @returns The names of the result files.
 * @throws Error for invalid result files or notes that do not match them. Nothing is written in this case.
 */
export async function runFindings(paths: FindingsPaths, notes: readonly Note[] = NOTES): Promise<string[]> {
  const files = await readStudies(paths.studies);
  const findings = FINDINGS.map((finding) => measureFinding(finding, files));
  const page = renderFindings(findings, checkNotes(notes, findings));
  const plots = new Map(
    files.flatMap((file) =>
      file.results.comparisons.flatMap((comparison) =>
        comparisonFigures(file.results, comparison).map((figure) => [
          getPlotName(file, figure),
          plotSvg(figure),
        ]),
      ),
    ),
  );
  await mkdir(paths.plots, { recursive: true });
  for (const name of await readdir(paths.plots)) {
    if (name.endsWith('.svg') && !plots.has(name)) await rm(join(paths.plots, name));
  }
  for (const [name, svg] of plots) await writeFile(join(paths.plots, name), svg);
  await writeFile(paths.page, page);
  return files.map(({ name }) => name);
}
