// The trainer for browsers: nothing here imports a Node module.
export type { Preprocessing } from '@unitsphere/images';
export type * from './config/config.js';
export { type Override, parseOverride } from './config/overrides.js';
export { type ParseConfigOptions, parseConfig, stringifyConfig } from './config/parse-config.js';
export { CHOICES, type ConfigInput } from './config/schema.js';
export { type GivenSplit, splitByFolders } from './dataset/given-split.js';
export type { ProgressReporter, StepReport } from './progress/progress-reporter.js';
export { type Rates, StepRates } from './progress/step-rates.js';
export type { MetricsRecord } from './run/metrics-record.js';
export type { CheckpointFiles } from './step/checkpoint-files.js';
export type { Saved } from './train/saved.js';
export {
  type BrowserCheckpoint,
  type BrowserOutcome,
  type BrowserTrainingOptions,
  trainInBrowser,
} from './train/train-in-browser.js';
export type { TrainingSummary } from './train/types.js';
export { UserError } from './user-error.js';
