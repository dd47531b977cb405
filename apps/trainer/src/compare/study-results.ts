import type { StudyComparison } from '@unitsphere/verification/statistics';
import type { Config } from '../config/config.js';
import type { VerificationSummary } from '../report/data.js';
import type { Study } from './load-study.js';
import type { BudgetKind } from './plan-study.js';
import type { TrainingPlan } from './run-study.js';
import type { Metric } from './study-schema.js';

/** One training of a study, or the reason why it is missing. */
export interface StudyRun extends Omit<TrainingPlan, 'steps'> {
  data: string;
  budget: BudgetKind;
  arm: string;
  seed: number;
  /** Why it has no figures: its loss was not finite, it is not finished, its process died, or it has too few pairs for the metric. */
  missing?: { why: 'diverged' | 'unfinished' | 'failed' | 'unmeasured'; reason?: string };
  figures?: StudyRunFigures;
}

/** The images of one comparison of a study. */
export interface StudyImages {
  name: string;
  label: string;
  /** A generator, or a folder. */
  source: Config['data']['source'];
  /** Side of the network's square input, in pixels. */
  imageSize: number;
  /** For a generator: the number of identities of all splits together. */
  identities?: number;
  /** For a folder: its name without its parent folders. */
  folder?: string;
}

/** The figures of one training. */
export interface StudyRunFigures {
  /** The study's metric on held-out identities. */
  value: number;
  steps: number;
  imagesSeen: number;
  stepSeconds: number;
  imagesPerSecond: number;
  classes: number;
  /** Number of identities in each part. */
  splits?: { train: number; validation: number; test: number };
  parameters: number;
  multiplyAdds: number;
  modelBytes: number;
  heldOut: VerificationSummary;
  rank1?: number;
  /** The metric on held-out identities during training. */
  curve: { step: number; value: number }[];
  /** TPR at 51 FPRs from 1e-5 to 1, ten per decade. */
  roc: number[];
}

/** The comparison of the arms with the baseline on one set of images under one budget. */
export interface Comparison {
  data: string;
  budget: BudgetKind;
  /** Null if the baseline has no finished run. */
  statistics: StudyComparison | null;
  /** The verdict on each arm, as a sentence. */
  sentences: Record<string, string>;
}

/** The contents of a study's results.json. */
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
  /** The backbone, if it is the same in all arms. */
  backbone?: string;
  batchSize: number;
  /** Names of local files that replaced hub models, by model name. */
  weights?: Record<string, string>;
  /** Number of concurrent runs, which shared the machine's cores. */
  jobs: number;
  createdAt: string;
  machine: Record<string, string | number>;
  runs: StudyRun[];
  comparisons: Comparison[];
}

/** The FPRs at which ROC curves are read, ten per decade. They are the same for all runs, so that curves can be averaged. */
export const ROC_FPRS = Array.from({ length: 51 }, (_, i) => 10 ** (-5 + i / 10));
