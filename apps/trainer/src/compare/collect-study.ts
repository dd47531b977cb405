import { basename } from 'node:path';
import type { ArmRun } from '@unitsphere/verification/statistics';
import { compareArms } from '@unitsphere/verification/statistics';
import { type Config, isFileData } from '../config/config.js';
import type { Curve } from '../report/data.js';
import { describeVerdict } from './describe-verdict.js';
import type { Study } from './load-study.js';
import { nameLocalWeights } from './local-weights.js';
import { MANY_STEPS, ONLY_DATA, type Replicate } from './plan-study.js';
import { readRunFigures, readRunRoc } from './run-figures.js';
import { readRunState } from './run-folder.js';
import { type FailedRun, replicateFolder, searchSettings, trainingFolder } from './run-study.js';
import { metricLabel, readScore } from './score.js';
import {
  type Comparison,
  ROC_FPRS,
  type StudyImages,
  type StudyResults,
  type StudyRun,
} from './study-results.js';

/** Options of {@link collectStudy}. */
export interface CollectOptions {
  /** The study's folder. */
  directory: string;
  jobs: number;
  machine: StudyResults['machine'];
  /** Runs whose process has just died. */
  failed?: readonly FailedRun[];
}

/** Reads the results of every run of a study and compares the arms. */
export async function collectStudy(
  study: Study,
  replicates: readonly Replicate[],
  { directory, jobs, machine, failed = [] }: CollectOptions,
): Promise<StudyResults> {
  const runs: StudyRun[] = [];
  for (const replicate of replicates) {
    const failure = failed.find((one) => one.replicate === replicate.id)?.failed;
    runs.push(await collectRun(study, replicate, directory, failure));
  }
  const groups = [...new Map(runs.map((run) => [`${run.data} ${run.budget}`, run])).values()];
  const arms = study.arms.map(({ name, label, set }) => ({ name, label: label ?? name, set }));
  const data = (study.data ?? [{ name: ONLY_DATA, label: undefined }]).map(({ name, label }) => {
    const [replicate] = replicates.filter((one) => one.data === name);
    return { name, label: label ?? name, ...describeImages(configOf(replicate)) };
  });
  const configs = replicates.map(configOf);
  const backbones = new Set(configs.map(({ model }) => model.backbone));
  return {
    title: study.title,
    question: study.question,
    reference: study.reference,
    name: study.name,
    metric: study.metric,
    baseline: study.baseline,
    seeds: study.seeds,
    factors: study.factors,
    budget: study.budget,
    search: study.search,
    arms,
    data,
    backbone: backbones.size === 1 ? configs[0].model.backbone : undefined,
    batchSize: configs[0].training.batchSize,
    weights: study.weights.size > 0 ? nameLocalWeights(study.weights) : undefined,
    jobs,
    createdAt: new Date().toISOString(),
    machine,
    runs,
    comparisons: groups.map(({ data, budget }) =>
      compareGroup(
        study,
        runs.filter((run) => run.data === data && run.budget === budget),
      ),
    ),
  };
}

/** Returns a replicate's config; settings that the search chooses have the values of its first candidate. */
const configOf = ({ config, candidates }: Replicate): Config =>
  config(candidates[0] ?? {}, MANY_STEPS, 'training');

/** Describes the images of a config. A folder is given by its name alone, because results are published. */
function describeImages({ data }: Config): Omit<StudyImages, 'name' | 'label'> {
  const { source, imageSize } = data;
  return isFileData(data)
    ? { source, imageSize, folder: basename(data.path) }
    : { source, imageSize, identities: data.identities };
}

async function collectRun(
  study: Study,
  replicate: Replicate,
  directory: string,
  failure?: string,
): Promise<StudyRun> {
  const { data, budget, arm, seed } = replicate;
  const folder = replicateFolder(directory, replicate);
  const shared = { data, budget, arm, seed };
  let diverged: string | undefined;
  const plan = await searchSettings(replicate, study, folder, async (name, config) => {
    const state = await readRunState(`${folder}/${name}`, config);
    if (state.status === 'diverged') diverged = state.reason;
    return state.status === 'finished' || state.status === 'diverged' ? state.status : 'stopped';
  });
  if (!plan) {
    const noSearch = { settings: {}, search: [], searchSteps: 0, searchSeconds: 0 };
    return { ...shared, ...noSearch, missing: explainMissing(diverged, failure) };
  }
  const { steps, ...search } = plan;
  const training = trainingFolder(directory, replicate);
  const state = await readRunState(training, replicate.config(plan.settings, steps, 'training'));
  if (state.status !== 'finished') {
    const reason = state.status === 'diverged' ? state.reason : undefined;
    return { ...shared, ...search, missing: explainMissing(reason, failure) };
  }
  const { summary, test } = await readRunFigures(training);
  const { imagesSeen, classes, parameters } = summary;
  if (imagesSeen === undefined || classes === undefined || parameters === undefined) {
    throw new Error(`collectStudy: the summary of ${training} lacks imagesSeen, classes or parameters.`);
  }
  const { heldOut } = summary;
  if (!heldOut) {
    const reason = 'no identities were held out (data.split.test is 0)';
    return { ...shared, ...search, missing: { why: 'unmeasured', reason } };
  }
  const roc = await readRunRoc(training);
  const value = readScore(study.metric, { ...heldOut, rank1: summary.rank1?.heldOut });
  if (value === null) {
    const { negative } = heldOut.pairs;
    const reason = `${negative.toLocaleString('en')} pairs of different identities are too few for ${metricLabel(study.metric)}`;
    return { ...shared, ...search, missing: { why: 'unmeasured', reason } };
  }
  const curve = test.flatMap(({ step, ...point }) => {
    const measured = readScore(study.metric, point);
    return measured === null ? [] : [{ step, value: measured }];
  });
  if (curve.at(-1)?.step !== steps) curve.push({ step: steps, value });
  return {
    ...shared,
    ...search,
    figures: {
      value,
      steps,
      imagesSeen,
      stepSeconds: summary.stepSeconds,
      imagesPerSecond: summary.imagesPerSecond,
      classes,
      splits: summary.splits,
      parameters,
      multiplyAdds: summary.multiplyAdds,
      modelBytes: summary.modelBytes,
      heldOut,
      rank1: summary.rank1?.heldOut,
      curve,
      roc: ROC_FPRS.map((fpr) => tprAt(roc, fpr)),
    },
  };
}

function explainMissing(divergence?: string, failure?: string): StudyRun['missing'] {
  if (divergence !== undefined) return { why: 'diverged', reason: divergence };
  return failure === undefined ? { why: 'unfinished' } : { why: 'failed', reason: failure };
}

/** Returns the highest true positive rate at a false positive rate of at most `maxFpr`. */
function tprAt({ fpr, tpr }: Curve, maxFpr: number): number {
  let best = 0;
  for (let i = 0; i < fpr.length && fpr[i] <= maxFpr; i++) best = Math.max(best, tpr[i]);
  return best;
}

/** Returns the mean number of held-out identities of the runs; every seed has its own split. */
function meanHeldOut(runs: readonly StudyRun[]): number | undefined {
  const counts = runs.flatMap(({ figures }) => figures?.heldOut.identities ?? []);
  return counts.length === 0
    ? undefined
    : Math.round(counts.reduce((sum, one) => sum + one, 0) / counts.length);
}

function compareGroup(study: Study, runs: readonly StudyRun[]): Comparison {
  const { data, budget } = runs[0];
  const values: ArmRun[] = runs.flatMap(({ arm, seed, figures }) =>
    figures ? [{ arm, seed, value: figures.value }] : [],
  );
  const hasBase = values.some(({ arm }) => arm === study.baseline);
  const statistics = hasBase ? compareArms(values, study.baseline) : null;
  const label = (name: string) => study.arms.find((arm) => arm.name === name)?.label ?? name;
  const sentences = Object.fromEntries(
    study.arms
      .filter(({ name }) => name !== study.baseline)
      .map(({ name }) => [
        name,
        describeVerdict(
          {
            name: label(name),
            baseline: label(study.baseline),
            metric: study.metric,
            heldOut: meanHeldOut(runs),
          },
          statistics?.arms.find(({ arm }) => arm === name),
          runs.filter(({ arm }) => arm === name || arm === study.baseline),
        ),
      ]),
  );
  return { data, budget, statistics, sentences };
}
