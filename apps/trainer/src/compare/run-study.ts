import { join } from 'node:path';
import type { Config } from '../config/config.js';
import type { ChildReply } from './child-protocol.js';
import type { Study } from './load-study.js';
import type { Replicate } from './plan-study.js';
import { readRunFigures } from './run-figures.js';
import { markDiverged, runState } from './run-folder.js';
import { scoreOf } from './score.js';
import { type ChildOutcome, trainInChild } from './train-in-child.js';

/** Steps that tell how long a step takes, where there is a budget of time and no search. */
export const PROBE_STEPS = 30;

/** What {@link runStudy} tells as it goes. */
export interface StudyListener {
  /** A run begins, or goes on, in its process. */
  started(run: string, steps: number): void;
  reply(run: string, reply: ChildReply): void;
  /** A run is done, just now or before. */
  done(run: string, how: 'finished' | 'diverged' | 'found'): void;
}

/** What {@link runStudy} is given. */
export interface StudyWork {
  study: Study;
  replicates: readonly Replicate[];
  /** Where runs are kept: a study that is started again makes only those that are not finished. */
  directory: string;
  /** Runs at once. */
  jobs: number;
  signal: AbortSignal;
  listener: StudyListener;
  /** The module of the runs' processes. Default: the one that is built beside this. */
  childFile?: URL | string;
}

/** The folder of a replicate's runs: `training`, and those of its search. */
export const replicateFolder = (directory: string, { id }: Replicate) => join(directory, 'runs', id);

/**
 * Makes every run of a study that is not finished yet.
 * @returns False where it was stopped; all that was begun has a checkpoint.
 * @throws UserError for what a person can mend; the other runs are stopped with a checkpoint first.
 */
export async function runStudy(work: StudyWork): Promise<boolean> {
  const failed = new AbortController();
  const signal = AbortSignal.any([work.signal, failed.signal]);
  const waiting = [...work.replicates];
  let error: unknown;
  const worker = async () => {
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      try {
        await makeReplicate(next, { ...work, signal });
      } catch (thrown) {
        error ??= thrown;
        failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: work.jobs }, worker));
  if (error !== undefined) throw error;
  return !signal.aborted;
}

/** Searches, then trains with what was found. */
async function makeReplicate(replicate: Replicate, work: StudyWork): Promise<void> {
  const { study, directory } = work;
  const folder = replicateFolder(directory, replicate);
  const plan = await searched(replicate, study, folder, (name, config) =>
    makeRun(replicate, name, config, work),
  );
  if (!plan || work.signal.aborted) return;
  await makeRun(replicate, 'training', replicate.config(plan.settings, plan.steps, 'training'), work);
}

/** What a replicate's training is made with, as its search came out. */
export interface TrainingPlan {
  settings: Record<string, unknown>;
  steps: number;
  /** What was tried, and the validation figure of each; null of one that diverged. */
  search: { settings: Record<string, unknown>; score: number | null }[];
  /** Training steps and seconds that the search took of the budget. */
  searchSteps: number;
  searchSeconds: number;
}

/**
 * Chooses the settings of a replicate's training by its candidates, and how many steps its budget leaves.
 * @param make Makes a candidate's run where it is not there; resolves with its state.
 * @returns Undefined where a candidate is not finished, or all of them diverged.
 */
export async function searched(
  replicate: Replicate,
  { budget, search, metric }: Study,
  folder: string,
  make: (name: string, config: Config) => Promise<'finished' | 'diverged' | 'stopped'>,
): Promise<TrainingPlan | undefined> {
  const { candidates, config } = replicate;
  const tried: TrainingPlan['search'] = [];
  let [searchSteps, searchSeconds, secondsPerStep] = [0, 0, Number.NaN];
  const trial = async (name: string, settings: Record<string, unknown>, steps: number) => {
    const how = await make(name, config(settings, steps, 'candidate'));
    if (how === 'stopped') return how;
    searchSteps += steps;
    if (how === 'diverged') return null;
    const figures = await readRunFigures(join(folder, name));
    searchSeconds += figures.summary.stepSeconds;
    secondsPerStep = figures.summary.stepSeconds / steps;
    return scoreOf(search?.metric ?? metric, figures.validation.at(-1)!);
  };
  for (const [i, settings] of candidates.entries()) {
    const score = await trial(`search-${i}`, settings, search!.steps);
    if (score === 'stopped') return undefined;
    tried.push({ settings, score });
  }
  if (replicate.budget === 'seconds' && candidates.length === 0) {
    if ((await trial('probe', {}, PROBE_STEPS)) === 'stopped') return undefined;
  }
  const chosen = candidates.length === 0 ? {} : best(tried)?.settings;
  if (!chosen) return undefined;
  const steps =
    replicate.budget === 'steps'
      ? budget.steps! - searchSteps
      : Math.max(1, Math.floor((budget.seconds! - searchSeconds) / secondsPerStep));
  return { settings: chosen, steps, search: tried, searchSteps, searchSeconds };
}

/** The candidate of the highest figure; of equal ones the first. */
function best(tried: TrainingPlan['search']): TrainingPlan['search'][number] | undefined {
  return tried
    .filter(({ score }) => score !== null)
    .reduce<TrainingPlan['search'][number] | undefined>(
      (best, one) => (best === undefined || one.score! > best.score! ? one : best),
      undefined,
    );
}

async function makeRun(
  replicate: Replicate,
  name: string,
  config: Config,
  { directory, signal, listener, childFile }: StudyWork,
): Promise<'finished' | 'diverged' | 'stopped'> {
  const id = `${replicate.id}/${name}`;
  const parent = replicateFolder(directory, replicate);
  const folder = join(parent, name);
  const state = await runState(folder, config);
  if (state.is === 'finished' || state.is === 'diverged') {
    listener.done(id, 'found');
    return state.is;
  }
  if (signal.aborted) return 'stopped';
  listener.started(id, config.training.steps);
  const outcome: ChildOutcome = await trainInChild({
    config: { ...config, output: { directory: parent, name } },
    directory: parent,
    name,
    resume: state.is === 'begun',
    signal,
    onReply: (reply) => listener.reply(id, reply),
    file: childFile,
  });
  if ('diverged' in outcome) {
    await markDiverged(folder, outcome.diverged);
    listener.done(id, 'diverged');
    return 'diverged';
  }
  if (outcome.ended === 'stopped') return 'stopped';
  listener.done(id, 'finished');
  return 'finished';
}
