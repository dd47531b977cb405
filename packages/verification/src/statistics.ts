export { adjustPValues } from './statistics/adjust-p-values.js';
export {
  type BootstrapIntervals,
  type BootstrapOptions,
  bootstrapMean,
} from './statistics/bootstrap-mean.js';
export {
  type ArmComparison,
  type ArmRun,
  compareArms,
  type StudyComparison,
  type Verdict,
} from './statistics/compare-arms.js';
export {
  type CorrectedDifference,
  correctForMultipleTests,
} from './statistics/correct-for-multiple-tests.js';
export { betaQuantile } from './statistics/distributions.js';
export {
  type DifferenceOptions,
  type PairedDifference,
  pairedDifference,
} from './statistics/paired-difference.js';
export { type PowerOptions, pairedTPower, seedsToResolve } from './statistics/seeds-to-resolve.js';
export { type Summary, summarize } from './statistics/summarize.js';
export type { Interval } from './wilson.js';
