import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WorkerJob, WorkerReply, WorkerStart } from './worker-messages.js';

interface Waiting {
  readonly resolve: (images: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Worker threads that make batches; the least busy takes the next. One failure ends them all. */
export class WorkerPool {
  private readonly workers: { worker: Worker; steps: Set<number> }[];
  private readonly waiting = new Map<number, Waiting>();
  private failure: Error | undefined;

  constructor(count: number, start: WorkerStart, file: URL | string = ownWorkerFile()) {
    this.workers = Array.from({ length: count }, (_, index) => {
      const worker = new Worker(file, { workerData: start, name: `unitsphere-data-${index}` });
      const entry = { worker, steps: new Set<number>() };
      worker.on('message', (reply: WorkerReply) => {
        if ('error' in reply) {
          const error = new Error(reply.error);
          if (reply.stack) error.stack = reply.stack;
          this.fail(error);
          return;
        }
        entry.steps.delete(reply.step);
        this.waiting.get(reply.step)?.resolve(reply.images);
        this.waiting.delete(reply.step);
      });
      worker.on('error', (error) => {
        this.fail(new Error(`Data worker ${index} failed: ${error.message}`, { cause: error }));
      });
      worker.on('exit', (code) =>
        this.fail(new Error(`Data worker ${index} ended by itself with code ${code}.`)),
      );
      // An idle loader does not keep the process alive; one that is waited for does.
      worker.unref();
      return entry;
    });
  }

  make(job: WorkerJob): Promise<Uint8Array> {
    if (this.failure) return Promise.reject(this.failure);
    const entry = this.workers.reduce((least, next) => (next.steps.size < least.steps.size ? next : least));
    return new Promise((resolve, reject) => {
      this.waiting.set(job.step, { resolve, reject });
      entry.steps.add(job.step);
      entry.worker.postMessage(job);
    });
  }

  /** Keeps the process alive while someone waits. */
  hold(waited: boolean): void {
    for (const { worker } of this.workers) {
      if (waited) worker.ref();
      else worker.unref();
    }
  }

  async close(reason: Error): Promise<void> {
    this.fail(reason);
    await Promise.all(this.workers.map(({ worker }) => worker.terminate()));
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    for (const { worker } of this.workers) void worker.terminate();
  }
}

/** The built worker lies beside the built module that this code is in. */
function ownWorkerFile(): URL | string {
  // CommonJS has no import.meta.url, an ES module has no __filename.
  return typeof __filename === 'string'
    ? join(dirname(__filename), 'worker.cjs')
    : new URL('./worker.js', import.meta.url);
}
