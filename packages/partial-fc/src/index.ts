export type {
  CenterStore,
  HostRows,
  PrepareRows,
  RowBlock,
  RowsInPlace,
  RowTables,
  StoreFactory,
  StoreSpec,
} from './center-store.js';
export { type ClassRange, classRange } from './class-range.js';
export { deviceStore } from './device-store.js';
export { type EnrollmentBankOptions, enrollmentBank } from './enrollment-bank.js';
export { CenterStoreError, NotFiniteError } from './errors.js';
export { hostStore } from './host-store.js';
export type { InitialRow } from './initial-centers.js';
export {
  PartialFC,
  type PartialFCOptions,
  type PartialFCPass,
  type PartialFCResult,
  type PartialFCStep,
} from './partial-fc.js';
export { RowAdamW, type RowAdamWOptions } from './row-adamw.js';
export type { RowOptimizer, RowStep, Unsampled } from './row-optimizer.js';
export { RowSGD, type RowSGDOptions } from './row-sgd.js';
export { ClassSampler, type Sampler } from './sample-classes.js';
