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
  readonly #post: (message: ThreadStart | ThreadJob) => void;
  readonly #terminate: () => void;
  readonly #hold: (isBusy: boolean) => void;
  #settle: { resolve(answer: ThreadAnswer): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  constructor(start: ThreadStart) {
    const answer = (data: ThreadAnswer) => this.#settle?.resolve(data);
    const fail = (message: string) => {
      this.#failure = new Error(`A search thread failed: ${message}`);
      this.#settle?.reject(this.#failure);
    };
    if (typeof process !== 'undefined' && process.getBuiltinModule) {
      const { Worker: Thread } = process.getBuiltinModule('node:worker_threads');
      const thread = new Thread(workerSource, { eval: true, name: 'unitsphere-search' });
      thread.on('message', answer);
      thread.on('error', ({ message }) => fail(message));
      thread.on('exit', (code) => fail(`it ended with status ${code}.`));
      thread.unref();
      this.#post = (message) => thread.postMessage(message);
      this.#terminate = () => void thread.terminate();
      this.#hold = (isBusy) => (isBusy ? thread.ref() : thread.unref());
    } else {
      const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
      const thread = new Worker(url, { name: 'unitsphere-search' });
      thread.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => answer(data);
      thread.onerror = ({ message }) => fail(message || "the page's content security policy forbids it.");
      this.#post = (message) => thread.postMessage(message);
      this.#terminate = () => {
        thread.terminate();
        URL.revokeObjectURL(url);
      };
      this.#hold = () => undefined;
    }
    this.#post(start);
  }

  /** Resolves with the candidates of a job. A thread has one job at a time. */
  async run(job: ThreadJob): Promise<ThreadAnswer> {
    if (this.#failure) throw this.#failure;
    this.#hold(true);
    try {
      return await new Promise<ThreadAnswer>((resolve, reject) => {
        this.#settle = { resolve, reject };
        this.#post(job);
      });
    } finally {
      this.#settle = undefined;
      this.#hold(false);
    }
  }

  close(): void {
    this.#terminate();
  }
}
