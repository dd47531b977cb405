import type { ArmRun, StudyComparison } from '@unitsphere/verification/statistics';
import { compareArms } from '@unitsphere/verification/statistics';
import type { Curve, VerificationSummary } from '../report/data.js';
import type { Study } from './load-study.js';
import { type BudgetKind, ONLY_DATA, type Replicate } from './plan-study.js';
import { readRunFigures, readRunRoc } from './run-figures.js';
import { runState } from './run-folder.js';
import { replicateFolder, searched, type TrainingPlan } from './run-study.js';
import { scoreOf } from './score.js';
import type { Metric } from './study-schema.js';
import { verdictSentence } from './verdict-sentence.js';

/** One training of a study, or why there is none. */
export interface StudyRun extends Omit<TrainingPlan, 'steps'> {
  data: string;
  budget: BudgetKind;
  arm: string;
  seed: number;
  /** Why it has no figures: its loss was no number, or it is not finished. */
  missing?: { why: 'diverged' | 'unfinished'; reason?: string };
  figures?: StudyRunFigures;
}

/** What a training came to. */
export interface StudyRunFigures {
  /** The study's metric on held-out identities. */
  value: number;
  steps: number;
  imagesSeen: number;
  stepSeconds: number;
  imagesPerSecond: number;
  classes: number;
  parameters: number;
  multiplyAdds: number;
  modelBytes: number;
  heldOut: VerificationSummary;
  rank1?: number;
  /** The metric while training. */
  curve: { step: number; value: number }[];
  /** TPR at {@link ROC_FPRS}. */
  roc: number[];
}

/** The arms beside the baseline, on one set of images and under one budget. */
export interface Comparison {
  data: string;
  budget: BudgetKind;
  /** Null where the baseline has no run. */
  statistics: StudyComparison | null;
  /** By arm: what the data say of it, a sentence. */
  sentences: Record<string, string>;
}

/** All that a study came to; written as results.json. */
export interface StudyResults {
  title: string;
  question: string;
  reference?: string;
  name: string;
  metric: Metric;
  baseline: string;
  seeds: number;
  factors: string[];
  budget: Study['budget'];
  search?: Study['search'];
  arms: { name: string; label: string; set: Record<string, unknown> }[];
  data: { name: string; label: string }[];
  /** Runs at once, which shared the machine's cores. */
  jobs: number;
  createdAt: string;
  machine: Record<string, string | number>;
  runs: StudyRun[];
  comparisons: Comparison[];
}

/** Where the ROC curves of runs are read, a tenth of a power of ten apart: the same for all, so that they have a mean. */
export const ROC_FPRS = Array.from({ length: 51 }, (_, i) => 10 ** (-5 + i / 10));

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
  const data = (study.data ?? [{ name: ONLY_DATA }]).map((one) => ({ label: one.name, ...one }));
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
    data: data.map(({ name, label }) => ({ name, label: label ?? name })),
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
                { name: labels.get(name)!, baseline: labels.get(study.baseline)!, metric: study.metric },
                statistics?.arms.find(({ arm }) => arm === name),
                runs.filter(({ arm }) => arm === name || arm === study.baseline),
              ),
            ],
          ],
    ),
  );
  return { data, budget, statistics, sentences };
}
