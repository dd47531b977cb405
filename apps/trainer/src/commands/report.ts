import { readFile } from 'node:fs/promises';
import { writePlotFiles } from '../plot-files/draw-plot-files.js';
import { RUN_FILES, RunDirectory } from '../run/run-directory.js';
import { parseSealedJson } from '../run/sealed-file.js';
import { UserError } from '../user-error.js';
import { say } from './console.js';
import { nextSteps } from './next-steps.js';
import { pathArgument, relativePath } from './relative-path.js';
import type { Work } from './work.js';

/** Rewrites a run's report and plots from its saved data. Returns the exit code. */
export async function report(path: string, work: Work): Promise<number> {
  const run = await RunDirectory.openForReading(path);
  const text = await readFile(run.file(RUN_FILES.reportData), 'utf8').catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    throw new UserError(
      `the run ${relativePath(path)} has no ${RUN_FILES.reportData}, because it is not finished`,
      {
        hint: `Finish it first: unitsphere train --resume ${pathArgument(path)}`,
      },
    );
  });
  const file = relativePath(run.file(RUN_FILES.reportData));
  const { page, plots, problem } = await renderOrExplain(work, parseSealedJson(text, file), file);
  await run.writeFile(RUN_FILES.report, page);
  await writePlotFiles(run.path, plots);
  if (problem) say(problem);
  process.stdout.write(`${relativePath(run.file(RUN_FILES.report))}\n`);
  // Standard output has the path alone, for scripts.
  for (const line of nextSteps(run.path, 'evaluate', 'enroll', 'export')) say(line);
  return 0;
}

async function renderOrExplain(work: Work, data: object, file: string) {
  try {
    return await work.renderReport(data);
  } catch (cause) {
    // Without a checksum, of an older version, the file may have lost anything.
    throw new UserError(`the report cannot be drawn from ${file}: ${(cause as Error).message}`, {
      hint: 'The file is damaged, or of another version. Restore it, or delete the run and train it again.',
      cause,
    });
  }
}
