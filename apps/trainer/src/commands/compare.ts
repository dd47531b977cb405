import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { loadStudy } from '../compare/load-study.js';
import { parseLocalWeights } from '../compare/local-weights.js';
import { MANY_STEPS, planStudy, type Replicate } from '../compare/plan-study.js';
import { StudyProgress } from '../compare/study-progress.js';
import type { StudyResults } from '../compare/study-results.js';
import { armRows, comparisonTitle, describePairs } from '../compare/study-rows.js';
import { optionOverrides, parseOverrides } from '../config/overrides.js';
import { listenForInterrupt } from '../interrupt.js';
import { writePlotFiles } from '../plot-files/draw-plot-files.js';
import { diskError } from '../run/disk-error.js';
import { takeLock } from '../run/lock.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { describeMachine } from '../train/describe-machine.js';
import { alignColumns } from './columns.js';
import { colors, outputColors, say } from './console.js';
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
  await mkdir(directory, { recursive: true }).catch((error) => {
    throw diskError(error, directory, 0);
  });
  const lock = await takeLock(join(directory, FILES.lock));
  const interrupt = listenForInterrupt(() =>
    say(
      colors.yellow(
        'Finishing the current steps and writing checkpoints. Press Ctrl-C again to quit at once.',
      ),
    ),
  );
  try {
    if (!options.report) {
      const progress = new StudyProgress(countRuns(replicates));
      const parts = { study, replicates, directory, jobs, signal: interrupt.signal, listener: progress };
      const finished = await work.runStudy(parts).finally(() => progress.close());
      if (!finished) {
        say('Stopped. Run the same command again to resume.');
        return interrupt.exitCode() ?? 0;
      }
    }
    const results = await work.collectStudy(study, replicates, {
      directory,
      jobs,
      machine: describeMachine(),
    });
    await writeFileAtomic(join(directory, FILES.results), `${JSON.stringify(results, null, 1)}\n`);
    const { page, plots, problem } = await work.renderStudy(results);
    await writeFileAtomic(join(directory, FILES.report), page);
    await writePlotFiles(directory, plots);
    if (problem) say(problem);
    for (const line of formatStudy(results)) process.stdout.write(`${line}\n`);
    process.stdout.write(`\nReport: ${relativePath(join(directory, FILES.report))}\n`);
    return 0;
  } finally {
    interrupt.dispose();
    await lock.release();
  }
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

function formatStudy(results: StudyResults): string[] {
  return [
    outputColors.bold(results.question),
    ...results.comparisons.flatMap((comparison) => {
      const { head, rows } = armRows(results, comparison);
      const pairs = describePairs(results, comparison);
      const [titles, ...lines] = alignColumns([head, ...rows]);
      return [
        '',
        outputColors.bold(comparisonTitle(results, comparison)),
        ...(pairs ? [`Held out: ${pairs}`] : []),
        outputColors.dim(titles),
        ...lines,
        '',
        ...Object.values(comparison.sentences),
      ];
    }),
  ];
}
