export { type BootstrapIntervals, type BootstrapOptions, bootstrapMean } from './statistics/bootstrap-mean';
export {
  type ArmComparison,
  type ArmRun,
  compareArms,
  type StudyComparison,
  type Verdict,
} from './statistics/compare-arms';
export { type CorrectedDifference, correctForMultipleTests } from './statistics/correct-for-multiple-tests';
export { holm } from './statistics/holm';
export {
  type DifferenceOptions,
  type PairedDifference,
  pairedDifference,
} from './statistics/paired-difference';
export { type PowerOptions, pairedTPower, seedsToResolve } from './statistics/seeds-to-resolve';
export { type Summary, summarize } from './statistics/summarize';
export type { Interval } from './wilson';
