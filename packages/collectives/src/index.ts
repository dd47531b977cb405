export type { Communicator, NumericArray, ReduceOp } from './communicator.js';
export { CollectiveAbortedError, CollectiveError, CollectiveMismatchError } from './errors.js';
export { equalParts } from './parts.js';
export { type ReplicaContext, serveReplica } from './replicas/serve-replica.js';
export { ReplicaError, type ReplicaOptions, withReplicas } from './replicas/with-replicas.js';
export { soloCommunicator } from './solo-communicator.js';
export { ThreadCommunicator } from './thread-communicator.js';
export {
  abortThreadGroup,
  createThreadGroup,
  type ThreadGroup,
  type ThreadGroupOptions,
} from './thread-group.js';
