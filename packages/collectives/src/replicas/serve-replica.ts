import type { Communicator } from '../communicator.js';
import { CollectiveAbortedError } from '../errors.js';
import { ThreadCommunicator } from '../thread-communicator.js';
import { errorText, type ReplicaMessage, type ReplicaStart } from './messages.js';
import { nodeThreads } from './node-threads.js';

/** What a replica works with. */
export interface ReplicaContext<Data> {
  readonly communicator: Communicator;
  /** What `withReplicas` was given for this rank. */
  readonly data: Data;
}

/**
 * The one call of the module that `withReplicas` runs on each thread: does this rank's work. When the work throws, the group
 * is ended and `withReplicas` throws the error.
 * @throws Error outside such a thread.
 */
export async function serveReplica<Data = unknown>(
  work: (context: ReplicaContext<Data>) => void | Promise<void>,
): Promise<void> {
  const { parentPort: port, workerData } = nodeThreads('serveReplica');
  const start = workerData as ReplicaStart | null;
  if (!port || !start?.group) throw new Error('serveReplica runs in a thread that withReplicas starts.');
  const tell = (message: ReplicaMessage) => port.postMessage(message);
  const communicator = new ThreadCommunicator(start.group, start.rank);
  tell({ kind: 'started' });
  try {
    await work({ communicator, data: start.data as Data });
    tell({ kind: 'finished' });
  } catch (thrown) {
    const error = errorText(thrown);
    communicator.abort(`replica ${start.rank} failed: ${error.message}`);
    tell({ kind: 'failed', error, secondary: thrown instanceof CollectiveAbortedError });
  }
  // What the work left open (timers, ports) must not keep the thread.
  port.close();
}
