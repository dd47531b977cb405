import { describeWorkerFailure } from '../describe-worker-failure.js';
import type { Failure } from '../failure.js';
import type { CallName, FromRecognizer, RecognizerCalls, ToRecognizer } from './messages.js';

/** A call of the recognition worker that failed. */
export class RecognizerFailure extends Error {
  override name = 'RecognizerFailure';
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: RecognizerFailure): void;
  onProgress?: (done: number, total: number) => void;
}

/** Calls the recognition worker, which is started by the first call. */
export class Recognizer {
  /** The gallery that the worker has open, as its caller names it. Undefined after each `open`, and after the worker failed. */
  opened: unknown;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #request = 0;

  /**
   * Calls the worker. Calls are carried out one after another.
   * @throws RecognizerFailure with a description for the visitor.
   */
  call<N extends CallName>(
    name: N,
    argument: RecognizerCalls[N]['argument'],
    onProgress?: (done: number, total: number) => void,
  ): Promise<RecognizerCalls[N]['result']> {
    this.#worker ??= this.#start();
    if (name === 'open') this.opened = undefined;
    const request = ++this.#request;
    const message: ToRecognizer = { request, name, argument };
    const transfer = argument instanceof ImageBitmap ? [argument] : [];
    this.#worker.postMessage(message, transfer);
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve: resolve as Waiting['resolve'], reject, onProgress });
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./recognition-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<FromRecognizer>) => {
      const waiting = this.#waiting.get(data.request);
      if (data.type === 'progress') return waiting?.onProgress?.(data.done, data.total);
      this.#waiting.delete(data.request);
      if (data.type === 'result') waiting?.resolve(data.result);
      else waiting?.reject(new RecognizerFailure(data.failure));
    };
    worker.onerror = (event) => {
      const error = new RecognizerFailure(describeWorkerFailure(event));
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
      this.#worker = undefined;
      this.opened = undefined;
    };
    return worker;
  }
}
