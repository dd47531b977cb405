import { CenterStoreError } from '../errors.js';

/** Refuses the rows of a store while they cannot be used. */
export class StoreGuard {
  #reason: string | undefined;

  /** Whether the rows cannot be used. */
  get isBlocked(): boolean {
    return this.#reason !== undefined;
  }

  /** @throws CenterStoreError with the reason while the rows cannot be used. */
  check(): void {
    if (this.#reason !== undefined) throw new CenterStoreError(this.#reason);
  }

  /** Refuses the rows from now on. @param reason Error message: what is wrong and what to do. */
  block(reason: string): void {
    this.#reason = reason;
  }

  /** Allows the rows again, after a state was restored. */
  unblock(): void {
    this.#reason = undefined;
  }
}
