import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { comparisonFigures, plotSvg } from 'unitsphere/report';
import { checkNotes } from './check-notes.js';
import { FINDINGS } from './findings.js';
import { measureFinding } from './measure-finding.js';
import { NOTES, type Note } from './notes.js';
import { readStudies } from './read-studies.js';
import { plotName, renderFindings } from './render-findings.js';

/** What {@link runFindings} reads and writes. */
export interface FindingsPaths {
  /** The folder of the studies' results. */
  studies: string;
  /** The page to write. */
  page: string;
  /** The folder of its plots, which are written anew, old ones deleted. */
  plots: string;
}

/**
 * Writes what the studies say of the nine findings, and the plots it shows.
 * @returns The names of the result files.
 * @throws Error for result files that cannot be used, and notes that do not fit them; then nothing is written.
 */
export async function runFindings(paths: FindingsPaths, notes: readonly Note[] = NOTES): Promise<string[]> {
  const files = await readStudies(paths.studies);
  const findings = FINDINGS.map((finding) => measureFinding(finding, files));
  const page = renderFindings(findings, checkNotes(notes, findings));
  const plots = new Map(
    files.flatMap((file) =>
      file.results.comparisons.flatMap((comparison) =>
        comparisonFigures(file.results, comparison).map((figure) => [
          plotName(file, figure),
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
