import type { MadeSamples } from './make-samples.js';
import type { WorkerJob, WorkerReply, WorkerStart } from './worker-messages.js';

/** A worker that makes batches, in Node or in a browser. */
export interface DataWorker {
  post(job: WorkerJob): void;
  /** Sets whether a caller is waiting, which keeps the process alive. */
  setWaiting(isWaiting: boolean): void;
  terminate(): unknown;
}

/** Callbacks of a worker. */
export interface WorkerEvents {
  reply(reply: WorkerReply): void;
  failed(error: Error): void;
}

/** Starts the worker with the given index. */
export type StartWorker = (start: WorkerStart, index: number, events: WorkerEvents) => DataWorker;

/** The callbacks of a pending promise. */
interface Pending {
  readonly resolve: (made: MadeSamples) => void;
  readonly reject: (error: Error) => void;
}

/** A pool of workers. The least busy worker gets the next job; the first failure terminates all workers. */
export class WorkerPool {
  readonly #workers: { worker: DataWorker; steps: Set<number> }[];
  readonly #pending = new Map<number, Pending>();
  #failure: Error | undefined;

  constructor(count: number, start: WorkerStart, startWorker: StartWorker) {
    this.#workers = Array.from({ length: count }, (_, index) => {
      const steps = new Set<number>();
      const worker = startWorker(start, index, {
        reply: (reply) => {
          if ('error' in reply) {
            const error = new Error(reply.error);
            if (reply.stack) error.stack = reply.stack;
            this.#fail(error);
            return;
          }
          steps.delete(reply.step);
          this.#pending.get(reply.step)?.resolve(reply);
          this.#pending.delete(reply.step);
        },
        failed: (error) => this.#fail(error),
      });
      return { worker, steps };
    });
  }

  /** Makes a batch. @throws Error of the first worker that failed. */
  make(job: WorkerJob): Promise<MadeSamples> {
    if (this.#failure) return Promise.reject(this.#failure);
    const entry = this.#workers.reduce((least, next) => (next.steps.size < least.steps.size ? next : least));
    return new Promise((resolve, reject) => {
      this.#pending.set(job.step, { resolve, reject });
      entry.steps.add(job.step);
      entry.worker.post(job);
    });
  }

  /** Sets whether a caller is waiting, which keeps the process alive. */
  setWaiting(isWaiting: boolean): void {
    for (const { worker } of this.#workers) worker.setWaiting(isWaiting);
  }

  /** Terminates all workers and rejects pending batches with the reason. */
  async close(reason: Error): Promise<void> {
    this.#fail(reason);
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    // Undefined if a worker fails while the constructor starts the workers.
    for (const { worker } of this.#workers ?? []) void worker.terminate();
  }
}
