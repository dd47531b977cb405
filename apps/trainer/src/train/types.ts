import type { Config } from '../config/config.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { ReportData, ReportSummary } from '../report/index.js';
import type { RunDirectory } from '../run/run-directory.js';
import type { RankGroup } from './rank-group.js';

/** Options of `runTraining`. */
export interface TrainingOptions {
  config: Config;
  /** Opens the run's folder, new or existing. Called after the backend has started and the data were read. */
  openRun(): Promise<RunDirectory>;
  /** Resume from the run's newest complete checkpoint. */
  resume: boolean;
  progress: ProgressReporter;
  /** Aborting it ends the training after the current step, with a checkpoint. */
  signal?: AbortSignal;
  /** The module that the replicas' threads run. Default: the built one beside this module. */
  replicaFile?: URL | string;
  /** Returns the page of `report.html`. Default: `renderReport`. */
  renderReport?: (data: ReportData) => string;
  /** Process 0's end of a group of processes, which train together. The others call `followTraining`. */
  ranks?: RankGroup;
}

/** The contents of `summary.json`. */
export interface TrainingSummary extends ReportSummary {
  /** Identities in each part: `heldOut` and `untrained` were measured on the test part, and are absent if it is empty. */
  splits: { train: number; validation: number; test: number };
  /** Number of images that could not be read. */
  skipped: number;
  /** Seconds spent in steps. */
  stepSeconds: number;
  /** The part of `stepSeconds` spent in the class centers' forward pass, backward pass and update. */
  lossSeconds: number;
  /** Multiply-accumulate operations to embed one image. */
  multiplyAdds: number;
  /** Bytes of the shipped weights (backbone, neck and head) in float32. */
  modelBytes: number;
}

/** The outcome of a training. */
export interface TrainingOutcome {
  run: RunDirectory;
  /** Null if the training was interrupted; `--resume` continues it. */
  summary: TrainingSummary | null;
  /** Number of steps done. */
  step: number;
}
