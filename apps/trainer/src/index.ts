export type * from './config/config.js';
export { configJsonSchema } from './config/json-schema.js';
export { loadConfig } from './config/load-config.js';
export { type Override, optionOverrides, parseOverride } from './config/overrides.js';
export { type ParseConfigOptions, parseConfig, stringifyConfig } from './config/parse-config.js';
export { CHOICES, type ConfigInput, configSchema } from './config/schema.js';
export { type EvaluationOptions, type EvaluationReport, runEvaluation } from './evaluate/run-evaluation.js';
export { Progress, type ProgressOptions } from './progress/progress.js';
export type { ProgressReporter, StepReport } from './progress/progress-reporter.js';
export {
  type BatchTraining,
  type BatchTrainingOptions,
  startBatchTraining,
} from './replicas/batch-training.js';
export type { Checkpoint } from './run/checkpoint.js';
export { bestCheckpoint, latestCheckpoint, openCheckpoint } from './run/checkpoints.js';
export { readMetrics } from './run/metrics-log.js';
export type { MetricsRecord } from './run/metrics-record.js';
export { RUN_FILES, RunDirectory } from './run/run-directory.js';
export { runTraining } from './train/run-training.js';
export type { TrainingOptions, TrainingOutcome, TrainingSummary } from './train/types.js';
export { UserError } from './user-error.js';
