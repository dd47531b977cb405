import type { FolderPath } from './opfs.js';
import type { FromWriter, ToWriter } from './writer-worker.js';

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

/** Writes files by a worker, one after another. */
export class Writer {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #request = 0;

  /** Writes a file; see `writeWhole` and `writeOnce`. @throws The browser's error, such as QuotaExceededError. */
  write(path: FolderPath, name: string, contents: Uint8Array | Blob, isWhole: boolean): Promise<void> {
    this.#worker ??= this.#start();
    const message: ToWriter = { request: ++this.#request, path, name, contents, isWhole };
    this.#worker.postMessage(message);
    return new Promise((resolve, reject) => this.#waiting.set(message.request, { resolve, reject }));
  }

  #start(): Worker {
    const worker = new Worker(new URL('./writer-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data: { request, error } }: MessageEvent<FromWriter>) => {
      const waiting = this.#waiting.get(request);
      this.#waiting.delete(request);
      if (error) waiting?.reject(error);
      else waiting?.resolve();
    };
    worker.onerror = ({ message }) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(message));
      this.#waiting.clear();
      this.#worker = undefined;
    };
    return worker;
  }
}
