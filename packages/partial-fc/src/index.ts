export { type ClassRange, classRange } from './classes/class-range.js';
export { ClassSampler, type Sampler } from './classes/sample-classes.js';
export { type EnrollmentBankOptions, enrollmentBank } from './enrollment-bank.js';
export { CenterFilesError, CenterStoreError, NotFiniteError } from './errors.js';
export { RowAdamW, type RowAdamWOptions } from './optimizers/row-adamw.js';
export type { RowOptimizer, RowStep, Unsampled } from './optimizers/row-optimizer.js';
export { RowSGD, type RowSGDOptions } from './optimizers/row-sgd.js';
export type {
  PartialFCOptions,
  PartialFCPass,
  PartialFCResult,
  PartialFCStep,
} from './options.js';
export { PartialFC } from './partial-fc.js';
export { centersFileCount, centersFileIds, type FileId } from './state/file-state.js';
export { centersFileState, gatherCentersState, restoreCentersState } from './state/whole-state.js';
export type {
  CenterStore,
  HostRows,
  PrepareRows,
  RowBlock,
  RowsInPlace,
  RowTables,
  StoreFactory,
  StoreSpec,
} from './stores/center-store.js';
export { deviceStore } from './stores/device-store.js';
export { hostStore } from './stores/host-store.js';
export type { InitialRow } from './stores/initial-centers.js';
