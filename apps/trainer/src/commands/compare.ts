import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { createFolder } from '@unitsphere/core/disk';
import { loadStudy } from '../compare/load-study.js';
import { parseLocalWeights } from '../compare/local-weights.js';
import { MANY_STEPS, planStudy, type Replicate } from '../compare/plan-study.js';
import { type FailedRun, trainingFolder } from '../compare/run-study.js';
import { StudyProgress } from '../compare/study-progress.js';
import type { StudyResults } from '../compare/study-results.js';
import { armRows, comparisonTitle, describePairs } from '../compare/study-rows.js';
import { optionOverrides, parseOverrides } from '../config/overrides.js';
import { listenForInterrupt } from '../interrupt.js';
import { describeMemory } from '../memory.js';
import { writePlotFiles } from '../plot-files/draw-plot-files.js';
import { diskError } from '../run/disk-error.js';
import { deleteLeftovers } from '../run/leftovers.js';
import { takeLock } from '../run/lock.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { describeMachine } from '../train/describe-machine.js';
import { formatTable, wrapText } from './columns.js';
import { colors, EXIT, outputColors, outputWidth, say } from './console.js';
import { nextSteps } from './next-steps.js';
import { relativePath } from './relative-path.js';
import type { Work } from './work.js';

/** Options of `unitsphere compare`. */
export interface CompareOptions {
  seeds?: number;
  jobs?: number;
  data?: string;
  set?: string[];
  weights?: string[];
  output?: string;
  report?: boolean;
}

/** File names in a study's folder. */
const FILES = { lock: 'study.lock', results: 'results.json', report: 'report.html' } as const;

/** Trains a study's runs and compares its arms. Returns the exit code. */
export async function compare(file: string, options: CompareOptions, work: Work): Promise<number> {
  const overrides = [...optionOverrides({ data: options.data }), ...parseOverrides(options.set ?? [])];
  const weights = parseLocalWeights(options.weights ?? []);
  const study = loadStudy(file, { seeds: options.seeds, overrides, weights });
  const replicates = planStudy(study);
  const directory = resolve(options.output ?? join('runs', study.name));
  const jobs = options.jobs ?? chooseJobs(replicates[0]);
  await createFolder(directory).catch((error) => {
    throw diskError(error, directory, 0);
  });
  const lock = takeLock(join(directory, FILES.lock));
  const interrupt = listenForInterrupt(() =>
    say(
      colors.yellow(
        'Finishing the current steps and writing checkpoints. Press Ctrl-C again to quit at once.',
      ),
    ),
  );
  let failed: FailedRun[] = [];
  try {
    await deleteLeftovers(directory);
    if (!options.report) {
      const progress = new StudyProgress(countRuns(replicates));
      const parts = { study, replicates, directory, jobs, signal: interrupt.signal, listener: progress };
      const end = await work.runStudy(parts).finally(() => progress.close());
      failed = end.failed;
      if (end.isStopped) {
        reportFailed(failed, jobs);
        say('Stopped. Run the same command again to resume.');
        return interrupt.exitCode() ?? 0;
      }
    }
    const results = await work.collectStudy(study, replicates, {
      directory,
      jobs,
      machine: describeMachine(),
      failed,
    });
    await writeFileAtomic(join(directory, FILES.results), `${JSON.stringify(results, null, 1)}\n`);
    const { page, plots, problem } = await work.renderStudy(results);
    await writeFileAtomic(join(directory, FILES.report), page);
    await writePlotFiles(directory, plots);
    if (problem) say(problem);
    const run = findBestRun(results, replicates, directory);
    const lines = [
      ...formatStudy(results, outputWidth()),
      '',
      `Report: ${relativePath(join(directory, FILES.report))}`,
      ...(run ? ['', ...nextSteps(run, 'evaluate', 'enroll', 'export')] : []),
    ];
    for (const line of lines) process.stdout.write(`${line}\n`);
    return reportFailed(failed, jobs);
  } finally {
    interrupt.dispose();
    lock.release();
  }
}

/** Reports the runs whose process died, and returns the exit code. */
function reportFailed(failed: readonly FailedRun[], jobs: number): number {
  if (failed.length === 0) return 0;
  say(`${colors.red('error:')} ${failed.length === 1 ? 'a training' : `${failed.length} trainings`} failed`);
  for (const { run, failed: reason } of failed) say(`  ${run} ${reason.replaceAll('\n', '\n    ')}`);
  const isOutOfMemory = failed.some((run) => run.isOutOfMemory);
  if (isOutOfMemory && jobs > 1) {
    say(`  ${describeMemory()}. ${jobs} trainings ran at once; fewer take less: --jobs ${jobs >> 1}`);
  } else if (isOutOfMemory) {
    say(`  ${describeMemory()}. A smaller batch takes less: --set training.batchSize=…`);
  }
  say('  Run the same command again to train what is missing.');
  return EXIT.userError;
}

/** Returns one job per core if runs compute on the CPU, otherwise one: a device is not shared well. */
function chooseJobs({ config, candidates }: Replicate): number {
  const { backend } = config(candidates[0] ?? {}, MANY_STEPS, 'training');
  return backend === 'auto' || backend === 'wasm' || backend === 'cpu' ? availableParallelism() : 1;
}

/** Counts all runs: trainings, search candidates, and the probes of a time budget without a search. */
function countRuns(replicates: readonly Replicate[]): number {
  return replicates.reduce((sum, { candidates, budget }) => {
    const probe = budget === 'seconds' && candidates.length === 0 ? 1 : 0;
    return sum + candidates.length + probe + 1;
  }, 0);
}

/** Returns the folder of a finished run of the arm with the highest mean; undefined if no run is finished. */
function findBestRun(
  { arms, runs }: StudyResults,
  replicates: readonly Replicate[],
  directory: string,
): string | undefined {
  const finished = arms.flatMap(({ name }) => {
    const values = runs.flatMap(({ arm, figures }) => (arm === name && figures ? [figures.value] : []));
    const run = runs.find(({ arm, figures }) => arm === name && figures);
    return run ? [{ run, mean: values.reduce((sum, value) => sum + value, 0) / values.length }] : [];
  });
  const best = finished.reduce<(typeof finished)[number] | undefined>(
    (found, arm) => (found && found.mean >= arm.mean ? found : arm),
    undefined,
  )?.run;
  const replicate = replicates.find(
    ({ arm, data, budget, seed }) =>
      arm === best?.arm && data === best.data && budget === best.budget && seed === best.seed,
  );
  return replicate && trainingFolder(directory, replicate);
}

/** Columns that a narrow terminal leaves out, the first one first. The report has all of them. */
const OPTIONAL_COLUMNS = ['steps', 'images/s', 'million MACs', 'MB', 'bootstrap', 'rank-1', 'AUROC', 'seeds'];

/** Formats the tables and verdicts of a study for a terminal of the given width. */
export function formatStudy(results: StudyResults, width: number): string[] {
  return [
    ...wrapText(results.question, width).map(outputColors.bold),
    ...results.comparisons.flatMap((comparison) => {
      const { head, rows } = armRows(results, comparison);
      const pairs = describePairs(results, comparison);
      const table = formatTable(head, rows, { width, optional: OPTIONAL_COLUMNS });
      const omitted = `More columns in the report: ${table.omitted.join(', ')}`;
      return [
        '',
        outputColors.bold(comparisonTitle(results, comparison)),
        ...(pairs ? wrapText(`Held out: ${pairs}`, width) : []),
        ...table.head.map(outputColors.dim),
        ...table.rows,
        ...(table.omitted.length > 0 ? wrapText(omitted, width).map(outputColors.dim) : []),
        '',
        ...Object.values(comparison.sentences).flatMap((sentence) => wrapText(sentence, width)),
      ];
    }),
  ];
}
