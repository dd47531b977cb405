import type { WorkerJob, WorkerReply, WorkerStart } from './worker-messages.js';

/** A worker that makes batches, of Node or of a browser. */
export interface DataWorker {
  post(job: WorkerJob): void;
  /** Whether someone waits for it, so that it keeps the process alive. */
  hold(waited: boolean): void;
  terminate(): unknown;
}

/** What a worker tells its pool. */
export interface WorkerEvents {
  reply(reply: WorkerReply): void;
  failed(error: Error): void;
}

/** Starts the worker of a number. */
export type StartWorker = (start: WorkerStart, index: number, events: WorkerEvents) => DataWorker;

interface Waiting {
  readonly resolve: (images: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Workers that make batches; the least busy takes the next. One failure ends them all. */
export class WorkerPool {
  readonly #workers: { worker: DataWorker; steps: Set<number> }[];
  readonly #waiting = new Map<number, Waiting>();
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
          this.#waiting.get(reply.step)?.resolve(reply.images);
          this.#waiting.delete(reply.step);
        },
        failed: (error) => this.#fail(error),
      });
      return { worker, steps };
    });
  }

  make(job: WorkerJob): Promise<Uint8Array> {
    if (this.#failure) return Promise.reject(this.#failure);
    const entry = this.#workers.reduce((least, next) => (next.steps.size < least.steps.size ? next : least));
    return new Promise((resolve, reject) => {
      this.#waiting.set(job.step, { resolve, reject });
      entry.steps.add(job.step);
      entry.worker.post(job);
    });
  }

  /** Keeps the process alive while someone waits. */
  hold(waited: boolean): void {
    for (const { worker } of this.#workers) worker.hold(waited);
  }

  async close(reason: Error): Promise<void> {
    this.#fail(reason);
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    // None yet where one fails while they are started.
    for (const { worker } of this.#workers ?? []) void worker.terminate();
  }
}
