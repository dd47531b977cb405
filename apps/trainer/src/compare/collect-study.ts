import { basename } from 'node:path';
import type { ArmRun } from '@unitsphere/verification/statistics';
import { compareArms } from '@unitsphere/verification/statistics';
import type { Config } from '../config/config.js';
import type { Curve } from '../report/data.js';
import type { Study } from './load-study.js';
import { localWeightsWords } from './local-weights.js';
import { MANY_STEPS, ONLY_DATA, type Replicate } from './plan-study.js';
import { readRunFigures, readRunRoc } from './run-figures.js';
import { runState } from './run-folder.js';
import { replicateFolder, searched } from './run-study.js';
import { scoreOf } from './score.js';
import {
  type Comparison,
  ROC_FPRS,
  type StudyImages,
  type StudyResults,
  type StudyRun,
} from './study-results.js';
import { verdictSentence } from './verdict-sentence.js';

/** Reads what every run of a study left, and compares the arms. */
export async function collectStudy(
  study: Study,
  replicates: readonly Replicate[],
  { directory, jobs, machine }: { directory: string; jobs: number; machine: StudyResults['machine'] },
): Promise<StudyResults> {
  const runs: StudyRun[] = [];
  for (const replicate of replicates) runs.push(await collectRun(study, replicate, directory));
  const groups = [...new Map(runs.map((run) => [`${run.data} ${run.budget}`, run])).values()];
  const arms = study.arms.map(({ name, label, set }) => ({ name, label: label ?? name, set }));
  const data = (study.data ?? [{ name: ONLY_DATA, label: undefined }]).map(({ name, label }) => {
    const one = replicates.find((replicate) => replicate.data === name)!;
    return { name, label: label ?? name, ...imagesOf(configOf(one)) };
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
    weights: study.weights.size > 0 ? localWeightsWords(study.weights) : undefined,
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

/** A replicate's config, whatever its search comes to. */
const configOf = ({ config, candidates }: Replicate): Config =>
  config(candidates[0] ?? {}, MANY_STEPS, 'training');

/** The folder's name alone: results are passed on, and where it lies is nobody's business. */
function imagesOf({ data }: Config): Omit<StudyImages, 'name' | 'label'> {
  const { source, imageSize } = data;
  return data.source === 'folder'
    ? { source, imageSize, folder: basename(data.path) }
    : { source, imageSize, identities: data.identities };
}

async function collectRun(study: Study, replicate: Replicate, directory: string): Promise<StudyRun> {
  const { data, budget, arm, seed } = replicate;
  const folder = replicateFolder(directory, replicate);
  const shared = { data, budget, arm, seed };
  let diverged: string | undefined;
  const plan = await searched(replicate, study, folder, async (name, config) => {
    const state = await runState(`${folder}/${name}`, config);
    if (state.is === 'diverged') diverged = state.reason;
    return state.is === 'finished' || state.is === 'diverged' ? state.is : 'stopped';
  });
  if (!plan) {
    const none = { settings: {}, search: [], searchSteps: 0, searchSeconds: 0 };
    return { ...shared, ...none, missing: missing(diverged) };
  }
  const { steps, ...found } = plan;
  const training = `${folder}/training`;
  const state = await runState(training, replicate.config(plan.settings, steps, 'training'));
  if (state.is !== 'finished') {
    return { ...shared, ...found, missing: missing(state.is === 'diverged' ? state.reason : undefined) };
  }
  const { summary, test } = await readRunFigures(training);
  const roc = await readRunRoc(training);
  const value = scoreOf(study.metric, { ...summary.heldOut, rank1: summary.rank1?.heldOut });
  const curve = test.map(({ step, ...point }) => ({ step, value: scoreOf(study.metric, point) }));
  if (curve.at(-1)?.step !== steps) curve.push({ step: steps, value });
  return {
    ...shared,
    ...found,
    figures: {
      value,
      steps,
      imagesSeen: summary.imagesSeen!,
      stepSeconds: summary.stepSeconds,
      imagesPerSecond: summary.imagesPerSecond,
      classes: summary.classes!,
      splits: summary.splits,
      parameters: summary.parameters!,
      multiplyAdds: summary.multiplyAdds,
      modelBytes: summary.modelBytes,
      heldOut: summary.heldOut,
      rank1: summary.rank1?.heldOut,
      curve,
      roc: ROC_FPRS.map((fpr) => tprAt(roc, fpr)),
    },
  };
}

const missing = (reason?: string): StudyRun['missing'] =>
  reason === undefined ? { why: 'unfinished' } : { why: 'diverged', reason };

/** The highest rate of true accepts that a threshold with at most so many false ones has. */
function tprAt({ fpr, tpr }: Curve, most: number): number {
  let best = 0;
  for (let i = 0; i < fpr.length && fpr[i] <= most; i++) best = Math.max(best, tpr[i]);
  return best;
}

/** Identities that a run of these holds out, on average: each seed splits anew. */
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
  const labels = new Map(study.arms.map(({ name, label }) => [name, label ?? name]));
  const sentences = Object.fromEntries(
    study.arms.flatMap(({ name }) =>
      name === study.baseline
        ? []
        : [
            [
              name,
              verdictSentence(
                {
                  name: labels.get(name)!,
                  baseline: labels.get(study.baseline)!,
                  metric: study.metric,
                  heldOut: meanHeldOut(runs),
                },
                statistics?.arms.find(({ arm }) => arm === name),
                runs.filter(({ arm }) => arm === name || arm === study.baseline),
              ),
            ],
          ],
    ),
  );
  return { data, budget, statistics, sentences };
}
