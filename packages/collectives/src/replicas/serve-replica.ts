import type { Communicator } from '../communicator.js';
import { CollectiveAbortedError } from '../errors.js';
import { ThreadCommunicator } from '../thread-communicator.js';
import { errorText, type ReplicaMessage, type ReplicaStart } from './messages.js';
import { nodeThreads } from './node-threads.js';

/** Context of a replica's work. */
export interface ReplicaContext<Data> {
  readonly communicator: Communicator;
  /** Data that `withReplicas` was given for this rank. */
  readonly data: Data;
}

/**
 * Runs this rank's work. The module that `withReplicas` runs on each thread calls it once. If the work throws, the group is
 * aborted and `withReplicas` throws the error.
 * @throws Error outside such a thread.
 */
export async function serveReplica<Data = unknown>(
  work: (context: ReplicaContext<Data>) => void | Promise<void>,
): Promise<void> {
  const { parentPort: port, workerData } = nodeThreads('serveReplica');
  const start = workerData as ReplicaStart | null;
  if (!port || !start?.group) {
    throw new Error('serveReplica must be called in a thread that withReplicas starts.');
  }
  const send = (message: ReplicaMessage) => port.postMessage(message);
  const communicator = new ThreadCommunicator(start.group, start.rank);
  send({ kind: 'started' });
  try {
    await work({ communicator, data: start.data as Data });
    send({ kind: 'finished' });
  } catch (thrown) {
    const error = errorText(thrown);
    communicator.abort(`replica ${start.rank} failed: ${error.message}`);
    send({ kind: 'failed', error, secondary: thrown instanceof CollectiveAbortedError });
  }
  // A listener that the work added to the port must not keep the thread alive.
  port.close();
}
