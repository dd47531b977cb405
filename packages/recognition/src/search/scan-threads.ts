import { startThread, type Thread } from '@unitsphere/core/threads';
import { workerSource } from './scan-thread.generated.js';
import type { ThreadAnswer, ThreadJob, ThreadStart } from './scan-thread.js';

/** Returns how many threads can scan one memory: the cores, or 1 where memory cannot be shared between threads. */
export function countThreads(): number {
  if (typeof SharedArrayBuffer === 'undefined') return 1;
  if (typeof process !== 'undefined' && process.getBuiltinModule) {
    return process.getBuiltinModule('node:os').availableParallelism();
  }
  return typeof Worker === 'undefined' ? 1 : (navigator.hardwareConcurrency ?? 1);
}

/** A thread that scans, in Node or in a page. It does not keep Node's process running while it is idle. */
export class ScanThread {
  readonly #thread: Thread;
  #settle: { resolve(answer: ThreadAnswer): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  constructor(start: ThreadStart) {
    this.#thread = startThread(workerSource, 'unitsphere-search', {
      onMessage: (data) => this.#settle?.resolve(data as ThreadAnswer),
      onFailure: (reason) => {
        this.#failure = new Error(`A search thread failed: ${reason}`);
        this.#settle?.reject(this.#failure);
      },
    });
    this.#thread.hold(false);
    this.#thread.post(start satisfies ThreadStart);
  }

  /** Resolves with the candidates of a job. A thread has one job at a time. */
  async run(job: ThreadJob): Promise<ThreadAnswer> {
    if (this.#failure) throw this.#failure;
    this.#thread.hold(true);
    try {
      return await new Promise<ThreadAnswer>((resolve, reject) => {
        this.#settle = { resolve, reject };
        this.#thread.post(job satisfies ThreadJob);
      });
    } finally {
      this.#settle = undefined;
      this.#thread.hold(false);
    }
  }

  close(): void {
    this.#thread.close();
  }
}
