import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { UserError } from '../user-error.js';
import type { ChildReply } from './child-protocol.js';
import type { Study } from './load-study.js';
import type { Replicate } from './plan-study.js';
import { readRunFigures } from './run-figures.js';
import { markDiverged, readRunState, waitUntilFree } from './run-folder.js';
import { metricLabel, readScore } from './score.js';
import { type ChildFailure, type ChildOutcome, trainInChild } from './train-in-child.js';

/** Steps of the probe that measures the time of a step, for a time budget without a search. */
export const PROBE_STEPS = 30;

/** Callbacks of {@link runStudy}. */
export interface StudyListener {
  /** A run was started or resumed in its process. */
  started(run: string, steps: number): void;
  reply(run: string, reply: ChildReply): void;
  /** Another process still trains a run, and is waited for. */
  waiting(run: string, holder: string): void;
  /** A run is done; `found` if it was already done before the study was started, `failed` if its process died. */
  done(run: string, outcome: 'finished' | 'diverged' | 'found' | 'failed'): void;
}

/** A run whose process ended without a result. */
export interface FailedRun extends ChildFailure {
  run: string;
  /** `id` of its replicate. */
  replicate: string;
}

/** How a study's training ended. */
export interface StudyEnd {
  /** Whether it was stopped. Every started run then has a checkpoint. */
  isStopped: boolean;
  failed: FailedRun[];
}

/** Options of {@link runStudy}. */
export interface StudyWork {
  study: Study;
  replicates: readonly Replicate[];
  /** The study's folder. Finished runs in it are kept, and interrupted runs are resumed. */
  directory: string;
  /** Number of concurrent runs. */
  jobs: number;
  signal: AbortSignal;
  listener: StudyListener;
  /** The module that the child processes run. Default: the built one beside this module. */
  childFile?: URL | string;
}

/** Returns the folder of a replicate's runs: its training, and the candidates or the probe of its search. */
export const replicateFolder = (directory: string, { id }: Replicate) => join(directory, 'runs', id);

/** Returns the folder of a replicate's training. */
export const trainingFolder = (directory: string, replicate: Replicate) =>
  join(replicateFolder(directory, replicate), 'training');

/**
 * Trains every run of a study that is not finished yet. A run whose process dies does not end the study.
 * @throws UserError if a run fails with one; the other runs are first stopped with a checkpoint.
 */
export async function runStudy(work: StudyWork): Promise<StudyEnd> {
  const ending = new AbortController();
  const signal = AbortSignal.any([work.signal, ending.signal]);
  const failed: FailedRun[] = [];
  const waiting = [...work.replicates];
  let error: unknown;
  const worker = async () => {
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      try {
        await runReplicate(next, { ...work, signal }, failed);
      } catch (thrown) {
        error ??= thrown;
        ending.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: work.jobs }, worker));
  if (error !== undefined) throw error;
  return { isStopped: signal.aborted, failed };
}

/** Runs the search of a replicate, then its training. A failed run ends the replicate and is added to `failed`. */
async function runReplicate(replicate: Replicate, work: StudyWork, failed: FailedRun[]): Promise<void> {
  const { study, directory } = work;
  const folder = replicateFolder(directory, replicate);
  const plan = await searchSettings(replicate, study, folder, (name, config) =>
    runOnce(replicate, name, config, work, failed),
  );
  if (!plan || work.signal.aborted) return;
  await runOnce(replicate, 'training', replicate.config(plan.settings, plan.steps, 'training'), work, failed);
}

/** The settings and steps of a replicate's training, and the search that chose them. */
export interface TrainingPlan {
  settings: Record<string, unknown>;
  steps: number;
  /** The candidates with their validation figures; null for a diverged candidate. */
  search: { settings: Record<string, unknown>; score: number | null }[];
  /** Training steps that the search or the probe took from the budget. */
  searchSteps: number;
  /** Seconds in training steps that the search or the probe took from the budget. */
  searchSeconds: number;
}

/** How a run of a study ended. */
type RunOutcome = 'finished' | 'diverged' | 'stopped' | 'failed';

/**
 * Chooses the settings of a replicate's training among its candidates, and computes the steps left in its budget.
 * @param run Trains a candidate unless its run is done; resolves with the state of the run.
 * @returns Undefined if a candidate is not finished or failed, or all candidates diverged.
 */
export async function searchSettings(
  replicate: Replicate,
  { budget, search, metric }: Study,
  folder: string,
  run: (name: string, config: Config) => Promise<RunOutcome>,
): Promise<TrainingPlan | undefined> {
  const { candidates, config } = replicate;
  const scores: TrainingPlan['search'] = [];
  let [searchSteps, searchSeconds, secondsPerStep] = [0, 0, Number.NaN];
  const trial = async (name: string, settings: Record<string, unknown>, steps: number) => {
    const outcome = await run(name, config(settings, steps, 'candidate'));
    if (outcome === 'stopped' || outcome === 'failed') return 'stopped';
    searchSteps += steps;
    if (outcome === 'diverged') return null;
    const figures = await readRunFigures(join(folder, name));
    searchSeconds += figures.summary.stepSeconds;
    secondsPerStep = figures.summary.stepSeconds / steps;
    const last = figures.validation.at(-1);
    if (!last) throw new Error(`searchSettings: the run ${join(folder, name)} has no validation figures.`);
    const score = readScore(search?.metric ?? metric, last);
    if (score === null) {
      throw new UserError(
        `the search of the study cannot be judged by ${metricLabel(search?.metric ?? metric)}: the validation part has too few pairs`,
        { hint: 'Use search.metric: auroc, or more validation identities (data.split.validation).' },
      );
    }
    return score;
  };
  if (search) {
    for (const [i, settings] of candidates.entries()) {
      const score = await trial(`search-${i}`, settings, search.steps);
      if (score === 'stopped') return undefined;
      scores.push({ settings, score });
    }
  }
  if (replicate.budget === 'seconds' && candidates.length === 0) {
    if ((await trial('probe', {}, PROBE_STEPS)) === 'stopped') return undefined;
  }
  const chosen = candidates.length === 0 ? {} : findBest(scores)?.settings;
  const total = budget[replicate.budget];
  if (!chosen || total === undefined) return undefined;
  const steps =
    replicate.budget === 'steps'
      ? total - searchSteps
      : Math.max(1, Math.floor((total - searchSeconds) / secondsPerStep));
  return { settings: chosen, steps, search: scores, searchSteps, searchSeconds };
}

/** Returns the candidate with the highest score, the first one of equals; undefined if all diverged. */
function findBest(scores: TrainingPlan['search']): TrainingPlan['search'][number] | undefined {
  const score = (candidate?: TrainingPlan['search'][number]) => candidate?.score ?? Number.NEGATIVE_INFINITY;
  return scores.reduce<TrainingPlan['search'][number] | undefined>(
    (best, candidate) => (score(candidate) > score(best) ? candidate : best),
    undefined,
  );
}

/** Trains or resumes one run, unless it is done. */
async function runOnce(
  replicate: Replicate,
  name: string,
  config: Config,
  { directory, signal, listener, childFile }: StudyWork,
  failed: FailedRun[],
): Promise<RunOutcome> {
  const id = `${replicate.id}/${name}`;
  const parent = replicateFolder(directory, replicate);
  const folder = join(parent, name);
  // A child outlives a killed parent until its current step is done and saved.
  const isFree = await waitUntilFree(folder, signal, (holder) => listener.waiting(id, holder));
  if (!isFree) return 'stopped';
  const state = await readRunState(folder, config);
  if (state.status === 'finished' || state.status === 'diverged') {
    listener.done(id, 'found');
    return state.status;
  }
  if (signal.aborted) return 'stopped';
  listener.started(id, config.training.steps);
  const outcome: ChildOutcome = await trainInChild({
    config: { ...config, output: { ...config.output, directory: parent, name } },
    directory: parent,
    name,
    resume: state.status === 'started',
    signal,
    onReply: (reply) => listener.reply(id, reply),
    file: childFile,
  });
  if ('diverged' in outcome) {
    await markDiverged(folder, outcome.diverged);
    listener.done(id, 'diverged');
    return 'diverged';
  }
  if ('failed' in outcome) {
    failed.push({ ...outcome, run: id, replicate: replicate.id });
    listener.done(id, 'failed');
    return 'failed';
  }
  if (outcome.ended === 'stopped') return 'stopped';
  listener.done(id, 'finished');
  return 'finished';
}
