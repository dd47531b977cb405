import { basename, extname } from 'node:path';
import type { Config } from '../config/config.js';
import { absolutePaths, loadConfig } from '../config/load-config.js';
import { optionOverrides, parseOverrides } from '../config/overrides.js';
import { parseConfig, stringifyConfig } from '../config/parse-config.js';
import { formatSeconds } from '../format-seconds.js';
import { listenForInterrupt } from '../interrupt.js';
import { Progress } from '../progress/progress.js';
import { latestCheckpoint } from '../run/checkpoints.js';
import { RUN_FILES, RunDirectory, RunExistsError } from '../run/run-directory.js';
import type { RankGroup } from '../train/rank-group.js';
import type { TrainingSummary } from '../train/types.js';
import { UserError } from '../user-error.js';
import { outputWidth, say } from './console.js';
import { formatResults } from './format-results.js';
import { nextSteps } from './next-steps.js';
import { pathArgument, relativePath } from './relative-path.js';
import { withRanks } from './with-ranks.js';
import type { Work } from './work.js';

/** Options of `unitsphere train`. */
export interface TrainOptions {
  data?: string;
  strictData?: boolean;
  backend?: string;
  output?: string;
  set?: string[];
  resume?: string;
  grow?: string;
}

/** A config and how to open its run. The run is created or opened only after the data was read. */
interface Plan {
  config: Config;
  resume: boolean;
  openRun(): Promise<RunDirectory>;
}

/** Trains a new run or resumes one, with the other processes of an MPI launcher if there are any. Returns the exit code. */
export async function train(file: string | undefined, options: TrainOptions, work: Work): Promise<number> {
  const ranks = await work.connectRanks();
  if (!ranks) return lead(file, options, work);
  return withRanks(ranks, async () => {
    if (ranks.rank === 0) return lead(file, options, work, ranks);
    await work.followTraining(ranks);
    return 0;
  });
}

async function lead(
  file: string | undefined,
  options: TrainOptions,
  work: Work,
  ranks?: RankGroup,
): Promise<number> {
  const { config, resume, openRun } = await plan(file, options);
  const progress = new Progress({ totalSteps: config.training.steps });
  let run: RunDirectory | undefined;
  const interrupt = listenForInterrupt(() => {
    // Training has not started, so there is nothing to save.
    if (!run) process.exit(interrupt.exitCode());
    progress.note('Finishing this step and writing a checkpoint. Press Ctrl-C again to quit at once.');
  });
  try {
    const outcome = await work.runTraining({
      config,
      resume,
      progress,
      signal: interrupt.signal,
      ranks,
      openRun: async () => {
        run = await openRun();
        progress.note(`${resume ? 'Resuming' : 'New run'} ${relativePath(run.path)}`);
        return run;
      },
    });
    progress.done();
    if (outcome.summary) {
      for (const line of formatSummary(outcome.run, outcome.summary)) process.stdout.write(`${line}\n`);
      return 0;
    }
    say(`Stopped after step ${outcome.step} of ${config.training.steps}. Resume with:`);
    say(`  unitsphere train --resume ${pathArgument(outcome.run.path)}`);
    return interrupt.exitCode() ?? 0;
  } catch (error) {
    progress.done();
    throw run && !resume ? await addResumeHint(error, run) : error;
  } finally {
    interrupt.dispose();
    await run?.close();
    // A run that failed before its first step is deleted.
    if (!resume) await run?.deleteIfUnused();
  }
}

async function plan(file: string | undefined, options: TrainOptions): Promise<Plan> {
  if (options.resume !== undefined) return planResume(file, options.resume, options);
  if (options.grow !== undefined) return planGrowth(file, options.grow, options);
  const config = loadConfig(file, readOverrides(options));
  return newRun(config, file === undefined ? config.data.source : basename(file, extname(file)));
}

function newRun(config: Config, baseName: string): Plan {
  const name = config.output.name ?? `${baseName}-${timestamp(new Date())}`;
  return {
    config,
    resume: false,
    openRun: () => createRun(config, name, config.output.name === undefined),
  };
}

/** Plans a new run with the given config, or with the config of the run that it grows from. */
async function planGrowth(file: string | undefined, path: string, options: TrainOptions): Promise<Plan> {
  const run = await RunDirectory.openForReading(path);
  const written = `--grow ${path}`;
  const growFrom = { path: ['training', 'growFrom'], value: path, written };
  // Settings of the old run that the new run does not inherit.
  const omitted = [
    ['output', 'name'],
    ['model', 'pretrained'],
  ];
  const overrides = [growFrom, ...readOverrides(options)];
  const baseName = basename(run.path).replace(/-\d{8}-\d{6}(-\d+)?$/, '');
  if (file !== undefined) return newRun(loadConfig(file, overrides), baseName);
  const removals = omitted.map((key) => ({ path: key, value: undefined, written }));
  const text = stringifyConfig(await run.readConfig());
  const config = parseConfig(text, {
    file: run.file(RUN_FILES.config),
    overrides: [...removals, ...overrides],
  });
  return newRun(absolutePaths(config), baseName);
}

async function planResume(file: string | undefined, path: string, options: TrainOptions): Promise<Plan> {
  if (file !== undefined) {
    throw new UserError(`--resume uses the run's own config and cannot be combined with ${file}`, {
      hint: `Omit ${file}. Change single settings with --set, for example --set training.steps=2000.`,
    });
  }
  if (options.output !== undefined) {
    throw new UserError('--resume writes to the resumed run and cannot be combined with --output', {
      hint: 'Omit --output.',
    });
  }
  if (options.grow !== undefined) {
    throw new UserError(
      '--resume continues a run and cannot be combined with --grow, which starts a new one',
      {
        hint: 'Omit one of them.',
      },
    );
  }
  const config = await changeConfig(await RunDirectory.openForReading(path), options);
  return { config, resume: true, openRun: () => RunDirectory.open(path) };
}

/**
 * Creates a run with its config, so that it can be resumed from its first moment.
 * @param isGenerated Whether the name may get a number, because another training has started in the same second.
 */
async function createRun(config: Config, name: string, isGenerated: boolean): Promise<RunDirectory> {
  const run = await createNumbered(config.output.directory, name, isGenerated ? 1 : undefined);
  try {
    await run.writeConfig(config);
    return run;
  } catch (error) {
    await run.close();
    // Without its config it could not be resumed.
    await run.deleteIfUnused();
    throw error;
  }
}

async function createNumbered(base: string, name: string, number: number | undefined): Promise<RunDirectory> {
  try {
    return await RunDirectory.create(base, number && number > 1 ? `${name}-${number}` : name);
  } catch (error) {
    if (number === undefined || !(error instanceof RunExistsError)) throw error;
    return createNumbered(base, name, number + 1);
  }
}

/** Returns the run's config with the settings of the command line applied; `runTraining` writes it once everything fits. */
async function changeConfig(run: RunDirectory, options: TrainOptions): Promise<Config> {
  const config = await run.readConfig();
  const overrides = readOverrides(options);
  if (overrides.length === 0) return config;
  const text = stringifyConfig(config);
  return absolutePaths(parseConfig(text, { file: run.file(RUN_FILES.config), overrides }));
}

function readOverrides(options: TrainOptions) {
  return [...optionOverrides(options), ...parseOverrides(options.set ?? [])];
}

function formatSummary(run: RunDirectory, summary: TrainingSummary): string[] {
  const speed = Math.round(summary.imagesPerSecond).toLocaleString('en');
  const replicas = (summary.replicas ?? 1) > 1 ? `, ${summary.replicas} replicas` : '';
  const threads = summary.threads ? `, ${summary.threads} threads${replicas && ' each'}` : '';
  const steps = `${summary.steps.toLocaleString('en')} steps in ${formatSeconds(summary.seconds)}`;
  return [
    '',
    ...formatResults(summary, outputWidth()),
    '',
    `${steps}, ${speed} images/s on ${summary.backend}${replicas}${threads}`,
    `Report: ${relativePath(run.file(RUN_FILES.report))}`,
    '',
    ...nextSteps(run.path, 'evaluate', 'enroll', 'export'),
  ];
}

/** Adds the command that resumes the run to a {@link UserError}, if the run has a checkpoint. */
async function addResumeHint(error: unknown, run: RunDirectory): Promise<unknown> {
  if (!(error instanceof UserError)) return error;
  const { checkpoint } = await latestCheckpoint(run).catch(() => ({ checkpoint: null }));
  if (!checkpoint) return error;
  const resume = `Resume from step ${checkpoint.step}: unitsphere train --resume ${pathArgument(run.path)}`;
  return new UserError(error.message, {
    hint: [error.hint, resume].filter(Boolean).join('\n'),
    cause: error,
  });
}

/** Formats a date in local time: 2026-03-01 14:05:09 → "20260301-140509". */
function timestamp(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
