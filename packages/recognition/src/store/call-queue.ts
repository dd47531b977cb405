import { GalleryStoreError } from './errors.js';

/** Carries out the calls of a store one after another, and refuses calls after its closing. */
export class CallQueue {
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** Calls `fn` after all earlier calls. */
  run<T>(fn: () => Promise<T> | T): Promise<T> {
    if (this.#closing) {
      return Promise.reject(
        new GalleryStoreError('CLOSED', 'the gallery is closed. Open it again to use it.'),
      );
    }
    return this.#enqueue(fn);
  }

  /** Calls `fn` once after all earlier calls, and refuses later ones. */
  close(fn: () => Promise<void> | void): Promise<void> {
    this.#closing ??= this.#enqueue(fn);
    return this.#closing;
  }

  #enqueue<T>(fn: () => Promise<T> | T): Promise<T> {
    const result = this.#last.then(fn);
    this.#last = result.catch(() => {});
    return result;
  }
}
