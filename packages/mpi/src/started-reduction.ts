import type { Pending } from './progress.js';

/** An all-reduce that was started and is not complete. */
export interface PendingReduction {
  /** Moves data as far as possible without waiting. Data moves only here, in `wait`, and in other calls. */
  advance(): void;
  /** Waits until the array has the result. */
  wait(): void;
}

/** Stages of a call: each yields requests, and goes on when these are complete. */
export type Stages = Generator<Pending, void, void>;

/** A call that goes through its stages while other work is done. */
export class StartedReduction implements PendingReduction {
  readonly #stages: Stages;
  #current: Pending | undefined;

  constructor(stages: Stages) {
    this.#stages = stages;
    this.#next();
  }

  advance(): void {
    while (this.#current?.isDone()) this.#next();
  }

  wait(): void {
    while (this.#current) {
      this.#current.wait();
      this.#next();
    }
  }

  #next(): void {
    const { value, done } = this.#stages.next();
    this.#current = done ? undefined : value;
  }
}
