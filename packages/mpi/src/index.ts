export { connectMpi, type MpiOptions } from './connect.js';
export { MpiError } from './errors.js';
export {
  HybridCommunicator,
  type HybridPlace,
  type ProcessCommunicator,
} from './hybrid/hybrid-communicator.js';
export { findLauncher, type Launcher } from './launcher.js';
export type { MpiFamily } from './library/abi.js';
export { type LibrarySearch, libraryCandidates } from './library/find-library.js';
export { MpiCommunicator } from './mpi-communicator.js';
export type { PendingReduction } from './started-reduction.js';
