import { basename, extname } from 'node:path';
import type { Config } from '../config/config.js';
import { absolutePaths, loadConfig } from '../config/load-config.js';
import { optionOverrides, parseOverride } from '../config/overrides.js';
import { parseConfig, stringifyConfig } from '../config/parse-config.js';
import { formatSeconds } from '../format.js';
import { listenForInterrupt } from '../interrupt.js';
import { Progress } from '../progress/progress.js';
import { latestCheckpoint } from '../run/checkpoints.js';
import { RUN_FILES, RunDirectory } from '../run/run-directory.js';
import type { TrainingSummary } from '../train/types.js';
import { UserError } from '../user-error.js';
import { colors, say } from './console.js';
import { relativePath } from './relative-path.js';
import { resultLines } from './result-lines.js';
import type { Work } from './work.js';

/** Options of `unitsphere train`. */
export interface TrainOptions {
  data?: string;
  backend?: string;
  output?: string;
  set?: string[];
  resume?: string;
  grow?: string;
}

/** What to train, and where: the run is made or opened once the data is known to be good. */
interface Plan {
  config: Config;
  resume: boolean;
  openRun(): Promise<RunDirectory>;
}

/** Trains a new run, or goes on with one. Gives the exit code. */
export async function train(file: string | undefined, options: TrainOptions, work: Work): Promise<number> {
  const { config, resume, openRun } = await plan(file, options);
  const progress = new Progress({ totalSteps: config.training.steps });
  let run: RunDirectory | undefined;
  const interrupt = listenForInterrupt(() => {
    // Nothing was begun, so there is nothing to finish.
    if (!run) process.exit(interrupt.exitCode());
    progress.note(colors.yellow('Finishing this step and writing a checkpoint. Ctrl-C again quits at once.'));
  });
  try {
    const outcome = await work.runTraining({
      config,
      resume,
      progress,
      signal: interrupt.signal,
      openRun: async () => {
        run = await openRun();
        progress.note(`${resume ? 'Going on with' : 'New run'} ${relativePath(run.path)}`);
        return run;
      },
    });
    progress.done();
    if (outcome.summary) {
      for (const line of finishedLines(outcome.run, outcome.summary)) process.stdout.write(`${line}\n`);
      return 0;
    }
    say(`Stopped after step ${outcome.step} of ${config.training.steps}. Go on with:`);
    say(`  unitsphere train --resume ${relativePath(outcome.run.path)}`);
    return interrupt.exitCode() ?? 0;
  } catch (error) {
    progress.done();
    throw run ? await withWayOn(error, run) : error;
  } finally {
    interrupt.dispose();
    await run?.close();
    // What failed before its first step should leave no empty run behind.
    if (!resume) await run?.deleteIfUnused();
  }
}

async function plan(file: string | undefined, options: TrainOptions): Promise<Plan> {
  if (options.resume !== undefined) return planResume(file, options.resume, options);
  if (options.grow !== undefined) return planGrowth(file, options.grow, options);
  const config = loadConfig(file, readOverrides(options));
  return newRun(config, file === undefined ? config.data.source : basename(file, extname(file)));
}

function newRun(config: Config, called: string): Plan {
  const name = config.output.name ?? `${called}-${timestamp(new Date())}`;
  return {
    config,
    resume: false,
    openRun: () => openWith(config, RunDirectory.create(config.output.directory, name)),
  };
}

/** A new run with the config given, or else that of the run it grows from. */
async function planGrowth(file: string | undefined, path: string, options: TrainOptions): Promise<Plan> {
  const run = await RunDirectory.openForReading(path);
  const written = `--grow ${path}`;
  const growFrom = { path: ['training', 'growFrom'], value: path, written };
  // Its own settings that are of that run alone.
  const inherited = [
    ['output', 'name'],
    ['model', 'pretrained'],
  ];
  const overrides = [growFrom, ...readOverrides(options)];
  const called = basename(run.path).replace(/-\d{8}-\d{6}$/, '');
  if (file !== undefined) return newRun(loadConfig(file, overrides), called);
  const left = inherited.map((key) => ({ path: key, value: undefined, written }));
  const text = stringifyConfig(await run.readConfig());
  const config = parseConfig(text, { file: run.file(RUN_FILES.config), overrides: [...left, ...overrides] });
  return newRun(absolutePaths(config), called);
}

async function planResume(file: string | undefined, path: string, options: TrainOptions): Promise<Plan> {
  if (file !== undefined) {
    throw new UserError(`--resume goes on with the run's own config; ${file} would be another`, {
      hint: `Leave ${file} out; change single settings with --set, such as --set training.steps=2000.`,
    });
  }
  if (options.output !== undefined) {
    throw new UserError('--resume writes to the run it goes on with; --output would be another', {
      hint: 'Leave --output out.',
    });
  }
  if (options.grow !== undefined) {
    throw new UserError('--resume goes on with a run and --grow begins a new one', {
      hint: 'Leave one of them out.',
    });
  }
  const config = await changeConfig(await RunDirectory.openForReading(path), options);
  return { config, resume: true, openRun: () => openWith(config, RunDirectory.open(path)) };
}

async function openWith(config: Config, opening: Promise<RunDirectory>): Promise<RunDirectory> {
  const run = await opening;
  try {
    await run.writeConfig(config);
    return run;
  } catch (error) {
    await run.close();
    throw error;
  }
}

/** The run's config with the settings of the command line, which {@link openWith} writes to it. */
async function changeConfig(run: RunDirectory, options: TrainOptions): Promise<Config> {
  const config = await run.readConfig();
  const overrides = readOverrides(options);
  if (overrides.length === 0) return config;
  const text = stringifyConfig(config);
  return absolutePaths(parseConfig(text, { file: run.file(RUN_FILES.config), overrides }));
}

function readOverrides(options: TrainOptions) {
  return [...optionOverrides(options), ...(options.set ?? []).map(parseOverride)];
}

function finishedLines(run: RunDirectory, summary: TrainingSummary): string[] {
  const speed = Math.round(summary.imagesPerSecond).toLocaleString('en');
  const replicas = (summary.replicas ?? 1) > 1 ? `, ${summary.replicas} replicas` : '';
  const steps = `${summary.steps.toLocaleString('en')} steps in ${formatSeconds(summary.seconds)}`;
  return [
    '',
    ...resultLines(summary),
    '',
    `${steps}, ${speed} images/s on ${summary.backend}${replicas}`,
    `Report: ${relativePath(run.file(RUN_FILES.report))}`,
  ];
}

/** Adds to an error of the user's how to go on, where there is something to go on from. */
async function withWayOn(error: unknown, run: RunDirectory): Promise<unknown> {
  if (!(error instanceof UserError)) return error;
  const { checkpoint } = await latestCheckpoint(run).catch(() => ({ checkpoint: null }));
  if (!checkpoint) return error;
  const way = `Go on from step ${checkpoint.step} with: unitsphere train --resume ${relativePath(run.path)}`;
  return new UserError(error.message, { hint: [error.hint, way].filter(Boolean).join('\n'), cause: error });
}

/** 2026-03-01 14:05:09 → "20260301-140509", in local time, as the user's clock shows it. */
function timestamp(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
