import type { StudyComparison } from '@unitsphere/verification/statistics';
import type { VerificationSummary } from '../report/data.js';
import type { Study } from './load-study.js';
import type { BudgetKind } from './plan-study.js';
import type { TrainingPlan } from './run-study.js';
import type { Metric } from './study-schema.js';

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

/** A set of images of a study. */
export interface StudyImages {
  name: string;
  label: string;
  /** Where they come from: a generator, or a folder. */
  source: 'documents' | 'faces' | 'folder';
  /** Pixels a side of the network's input. */
  imageSize: number;
  /** Of a generator: how many identities it made, of which the splits are parts. */
  identities?: number;
  /** Of a folder: its name, without what it lies in. */
  folder?: string;
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
  /** Identities of each part. */
  splits?: { train: number; validation: number; test: number };
  parameters: number;
  multiplyAdds: number;
  modelBytes: number;
  heldOut: VerificationSummary;
  rank1?: number;
  /** The metric while training. */
  curve: { step: number; value: number }[];
  /** TPR at 51 FPRs from 1e-5 to 1, ten a decade. */
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
  data: StudyImages[];
  /** The backbone, where all arms have the same. */
  backbone?: string;
  batchSize: number;
  /** Files that stood in for models of the hub, by the models' names. */
  weights?: Record<string, string>;
  /** Runs at once, which shared the machine's cores. */
  jobs: number;
  createdAt: string;
  machine: Record<string, string | number>;
  runs: StudyRun[];
  comparisons: Comparison[];
}

/** Where the ROC curves of runs are read, a tenth of a power of ten apart: the same for all, so that they have a mean. */
export const ROC_FPRS = Array.from({ length: 51 }, (_, i) => 10 ** (-5 + i / 10));
