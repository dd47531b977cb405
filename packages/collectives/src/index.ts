export type { Communicator, NumericArray, ReduceOp } from './communicator.js';
export { CollectiveAbortedError, CollectiveError, CollectiveMismatchError } from './errors.js';
