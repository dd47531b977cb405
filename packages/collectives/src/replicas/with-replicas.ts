import type { ResourceLimits, Worker } from 'node:worker_threads';
import type { Communicator } from '../communicator.js';
import { CollectiveAbortedError, CollectiveError } from '../errors.js';
import { soloCommunicator } from '../solo-communicator.js';
import { ThreadCommunicator } from '../thread-communicator.js';
import { createThreadGroup, type ThreadGroup, type ThreadGroupOptions } from '../thread-group.js';
import { type ErrorText, errorText, type SupervisorMessage, type SupervisorStart } from './messages.js';
import { nodeThreads } from './node-threads.js';

/** What replicas are started with. */
export interface ReplicaOptions extends ThreadGroupOptions {
  /** Number of ranks: this thread is rank 0, and size − 1 threads are started. 1 starts none. */
  readonly size: number;
  /** The module that each thread runs; it calls `serveReplica`. Not read for a size of 1. */
  readonly file: URL | string;
  /** For each rank from 1 on, what `serveReplica` hands to its work; copied as messages are. */
  readonly data?: (rank: number) => unknown;
  /** Limits of each thread's JavaScript heap. */
  readonly resourceLimits?: ResourceLimits;
  /** Where the supervisor's file is, if a bundler has moved it from beside this package's own. */
  readonly supervisorFile?: URL | string;
}

/** A replica's work threw, or its thread ended: `cause` has the error's message and stack. */
export class ReplicaError extends CollectiveError {
  override name = 'ReplicaError';

  /** @param rank Which replica it was. */
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
 * Runs a function as rank 0 of a group whose other ranks are Node's worker threads, and returns what it returns once all
 * have ended. Whichever rank fails first ends the group, so that none waits for it: the others' calls throw, the threads
 * are ended, and its error is thrown.
 * @throws ReplicaError when a thread's work throws or the thread dies (process.exit, out of memory); what the function
 *   throws by itself; ReplicaError too when a thread still wants to communicate after the function has returned.
 */
export async function withReplicas<T>(
  options: ReplicaOptions,
  work: (communicator: Communicator) => T | Promise<T>,
): Promise<T> {
  if (options.size === 1) return work(soloCommunicator());
  const group = createThreadGroup(options.size, options);
  const communicator = new ThreadCommunicator(group, 0);
  const threads = new Threads(group, options);
  try {
    await threads.until('started');
    const result = await work(communicator);
    // What all ranks have called is done; what one calls from now on would wait for ever.
    communicator.abort('rank 0 has returned');
    await threads.until('ended');
    return result;
  } catch (error) {
    communicator.abort(error);
    // A call that was ended only tells that something else has failed.
    throw error instanceof CollectiveAbortedError ? ((await threads.cause()) ?? error) : error;
  } finally {
    await threads.close();
  }
}

// A replica that does not communicate just now may take its time to see that the group has ended; it is not waited for.
const CAUSE_MS = 5000;

/** The supervisor's thread, and through it the replicas'. */
class Threads {
  readonly #supervisor: Worker;
  readonly #reached = new Set<SupervisorMessage['kind']>();
  #failure: { error: ReplicaError; secondary: boolean } | undefined;
  #changed: () => void = () => {};

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
    this.#supervisor = new Worker(supervisorFile ?? ownSupervisorFile(), {
      workerData: start,
      transferList: [port2],
      name: 'unitsphere-replicas',
    });
    const take = (message: SupervisorMessage) => {
      if (message.kind === 'failed') this.#fail(message.rank, message.error, message.secondary);
      this.#reach(message.kind);
    };
    port1.on('message', take);
    this.#supervisor.on('error', (error) => this.#fail(0, errorText(error), false));
    this.#supervisor.on('exit', () => {
      // What it told last may still lie there.
      for (let last = receiveMessageOnPort(port1); last; last = receiveMessageOnPort(port1)) {
        take(last.message);
      }
      port1.close();
      this.#reach('ended');
    });
  }

  /** Waits until all replicas have started, or ended. @throws ReplicaError as soon as one has failed. */
  async until(kind: 'started' | 'ended'): Promise<void> {
    while (!this.#reached.has(kind) && !this.#failure) await this.#change();
    if (this.#failure) throw await this.cause();
  }

  /** The failure that the others come from; undefined where no replica has failed. */
  async cause(): Promise<ReplicaError | undefined> {
    const limit = performance.now() + CAUSE_MS;
    while (this.#failure?.secondary !== false && !this.#reached.has('ended')) {
      const left = limit - performance.now();
      if (left <= 0) break;
      await this.#change(left);
    }
    return this.#failure?.error;
  }

  /** Ends all threads that still run. */
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
    this.#changed();
  }

  #change(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The built supervisor lies beside the built module that this code is in. */
function ownSupervisorFile(): URL | string {
  // CommonJS has no import.meta.url, an ES module has no __dirname.
  return typeof __dirname === 'string'
    ? `${__dirname}/supervisor.cjs`
    : new URL('./supervisor.js', import.meta.url);
}
