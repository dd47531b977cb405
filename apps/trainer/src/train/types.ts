import type { Config } from '../config/config.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { ReportSummary } from '../report/index.js';
import type { RunDirectory } from '../run/run-directory.js';

/** What a training needs from whoever starts it. */
export interface TrainingOptions {
  config: Config;
  /** Opens the run's folder, new or to go on with; called once the backend and the data are known to be good. */
  openRun(): Promise<RunDirectory>;
  /** Go on from the run's last whole checkpoint. */
  resume: boolean;
  progress: ProgressReporter;
  /** Aborting it ends the training after the step under way, with a checkpoint. */
  signal?: AbortSignal;
  /** The module that the replicas' threads run, where it is not built beside this one. */
  replicaFile?: URL | string;
}

/** What summary.json holds. */
export interface TrainingSummary extends ReportSummary {
  /** Identities in each part: `heldOut` and `untrained` were measured on the test part. */
  splits: { train: number; validation: number; test: number };
  /** Images left out because they could not be read. */
  skipped: number;
  /** Seconds spent in steps, and those of them in the class centers' forward, backward and update. */
  stepSeconds: number;
  lossSeconds: number;
  /** Multiply-accumulates of the embedding of one image. */
  multiplyAdds: number;
  /** Bytes of the weights that are shipped: backbone, neck and head, float32. */
  modelBytes: number;
}

/** How a training ended. */
export interface TrainingOutcome {
  run: RunDirectory;
  /** Null when it was interrupted; go on with `--resume`. */
  summary: TrainingSummary | null;
  /** Steps done. */
  step: number;
}
