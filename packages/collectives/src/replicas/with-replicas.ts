import type { ResourceLimits, Worker } from 'node:worker_threads';
import type { Communicator } from '../communicator.js';
import { CollectiveAbortedError, CollectiveError } from '../errors.js';
import { soloCommunicator } from '../solo-communicator.js';
import { ThreadCommunicator } from '../thread-communicator.js';
import { createThreadGroup, type ThreadGroup, type ThreadGroupOptions } from '../thread-group.js';
import { type ErrorText, errorText, type SupervisorMessage, type SupervisorStart } from './messages.js';
import { nodeThreads } from './node-threads.js';

/** Options of {@link withReplicas}. */
export interface ReplicaOptions extends ThreadGroupOptions {
  /** Number of ranks. This thread is rank 0, and size − 1 threads are started. */
  readonly size: number;
  /** Module that each thread runs, which calls `serveReplica`. Not used for a size of 1. */
  readonly file: URL | string;
  /** Returns the data that `serveReplica` passes to the work of a rank from 1 on. It is copied like a message. */
  readonly data?: (rank: number) => unknown;
  /** Limits of the JavaScript heap of each thread. */
  readonly resourceLimits?: ResourceLimits;
  /** Path of the supervisor's file, if a bundler has separated it from this package's module. */
  readonly supervisorFile?: URL | string;
}

/** The work of a replica threw, or its thread ended. `cause` has the message and stack of the error. */
export class ReplicaError extends CollectiveError {
  override name = 'ReplicaError';
  /** Stable name of the error, for programs. */
  override readonly code = 'REPLICA_FAILED';

  /** @param rank Rank of the replica. */
  constructor(
    readonly rank: number,
    { message, stack }: { message: string; stack?: string },
  ) {
    const cause = new Error(message);
    if (stack) cause.stack = stack;
    super(`replica ${rank} failed: ${message}`, { cause });
  }
}

/**
 * Runs a function as rank 0 of a group whose other ranks are Node's worker threads. Returns its result once all threads have
 * ended. The first rank that fails aborts the group: the calls of the others throw, the threads are terminated, and its
 * error is thrown.
 * @throws ReplicaError if the work of a thread throws, the thread dies (process.exit, out of memory) or still communicates
 *   after the function has returned; also what the function itself throws.
 */
export async function withReplicas<T>(
  options: ReplicaOptions,
  work: (communicator: Communicator) => T | Promise<T>,
): Promise<T> {
  if (options.size === 1) return work(soloCommunicator());
  const group = createThreadGroup(options.size, options);
  const communicator = new ThreadCommunicator(group, 0);
  const threads = new ReplicaThreads(group, options);
  try {
    await threads.waitUntil('started');
    const result = await work(communicator);
    // Any further call of a replica would wait for rank 0 forever.
    communicator.abort('rank 0 has returned');
    await threads.waitUntil('ended');
    return result;
  } catch (error) {
    communicator.abort(error);
    // An aborted call is only a consequence of another failure.
    throw error instanceof CollectiveAbortedError ? ((await threads.findCause()) ?? error) : error;
  } finally {
    await threads.close();
  }
}

// A replica that does not communicate may notice the abort late, so the wait for the original failure is limited.
const CAUSE_MS = 5000;

/** The supervisor's thread, which controls the threads of the replicas. */
class ReplicaThreads {
  readonly #supervisor: Worker;
  readonly #reached = new Set<SupervisorMessage['kind']>();
  #failure: { error: ReplicaError; secondary: boolean } | undefined;
  #onMessage: () => void = () => {};

  constructor(group: ThreadGroup, { size, file, data, resourceLimits, supervisorFile }: ReplicaOptions) {
    const { MessageChannel, receiveMessageOnPort, Worker } = nodeThreads('withReplicas');
    const { port1, port2 } = new MessageChannel();
    const start: SupervisorStart = {
      group,
      file: String(file),
      data: Array.from({ length: size - 1 }, (_, index) => data?.(index + 1)),
      port: port2,
      resourceLimits,
    };
    this.#supervisor = new Worker(supervisorFile ?? findSupervisorFile(), {
      workerData: start,
      transferList: [port2],
      name: 'unitsphere-replicas',
    });
    const receive = (message: SupervisorMessage) => {
      if (message.kind === 'failed') this.#fail(message.rank, message.error, message.secondary);
      this.#reach(message.kind);
    };
    port1.on('message', receive);
    this.#supervisor.on('error', (error) => this.#fail(0, errorText(error), false));
    this.#supervisor.on('exit', () => {
      // Its last messages may not have been delivered yet.
      for (let last = receiveMessageOnPort(port1); last; last = receiveMessageOnPort(port1)) {
        receive(last.message);
      }
      port1.close();
      this.#reach('ended');
    });
  }

  /** Waits until all replicas have started or ended. @throws ReplicaError as soon as one has failed. */
  async waitUntil(kind: 'started' | 'ended'): Promise<void> {
    while (!this.#reached.has(kind) && !this.#failure) await this.#nextMessage();
    if (this.#failure) throw await this.findCause();
  }

  /** Returns the original failure, or undefined if no replica has failed. */
  async findCause(): Promise<ReplicaError | undefined> {
    const limit = performance.now() + CAUSE_MS;
    while (this.#failure?.secondary !== false && !this.#reached.has('ended')) {
      const left = limit - performance.now();
      if (left <= 0) break;
      await this.#nextMessage(left);
    }
    return this.#failure?.error;
  }

  /** Terminates all threads that still run. */
  async close(): Promise<void> {
    await this.#supervisor.terminate();
  }

  #fail(rank: number, error: ErrorText, secondary: boolean): void {
    if (!this.#failure || (this.#failure.secondary && !secondary)) {
      this.#failure = { error: new ReplicaError(rank, error), secondary };
    }
  }

  #reach(kind: SupervisorMessage['kind']): void {
    this.#reached.add(kind);
    this.#onMessage();
  }

  /** Waits for the next message, at most for the given time. */
  #nextMessage(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      this.#onMessage = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Returns the path of the built supervisor, which is beside the built module of this code. */
function findSupervisorFile(): URL | string {
  // CommonJS modules have no import.meta.url, ES modules no __dirname.
  return typeof __dirname === 'string'
    ? `${__dirname}/supervisor.cjs`
    : new URL('./supervisor.js', import.meta.url);
}
