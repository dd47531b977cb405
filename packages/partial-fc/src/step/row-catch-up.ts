import type { RowOptimizer } from '../optimizers/row-optimizer.js';
import type { PrepareRows } from '../stores/center-store.js';

/**
 * Brings sampled rows up to date with the steps that did not sample them, if the optimizer's `unsampled` is `caught-up`.
 * Does nothing otherwise.
 */
export class RowCatchUp {
  readonly #optimizer: RowOptimizer;
  readonly #samplesAll: boolean;
  /** Learning rate of step s at index s − 1, with spare capacity at the end. */
  #rates = new Float64Array(0);
  /** Whether a step has caught up all rows since the last restore. Used only if every step samples all rows. */
  #upToDate = false;

  constructor(optimizer: RowOptimizer, samplesAll: boolean) {
    this.#optimizer = optimizer;
    this.#samplesAll = samplesAll;
  }

  /** Returns the change of gathered rows after `stepCount` steps; undefined if no row can be behind. */
  preparation(stepCount: number): PrepareRows | undefined {
    if (!this.#isActive || stepCount === 0) return undefined;
    // If every step samples all rows, only the first step after a restore can find rows that are behind.
    if (this.#samplesAll && this.#upToDate) return undefined;
    this.#upToDate = true;
    return (rows) => this.#optimizer.catchUp(rows, stepCount, this.#rates);
  }

  /** Records the learning rate of the last of `stepCount` steps. */
  recordRate(stepCount: number, lr: number): void {
    if (!this.#isActive) return;
    if (this.#rates.length < stepCount) {
      const larger = new Float64Array(Math.max(1024, 2 * stepCount));
      larger.set(this.#rates);
      this.#rates = larger;
    }
    this.#rates[stepCount - 1] = lr;
  }

  /** Returns a copy of the learning rates of the first `stepCount` steps; empty if rows are not caught up. */
  ratesOf(stepCount: number): Float64Array {
    return this.#rates.slice(0, this.#isActive ? stepCount : 0);
  }

  /** @throws Error if saved learning rates do not cover the steps that rows must be caught up over. */
  checkRates(rates: Float64Array, stepCount: number): void {
    if (!this.#isActive || rates.length === stepCount) return;
    throw new Error(
      `PartialFC: the saved state has ${rates.length} learning rates for ${stepCount} steps, so rows cannot ` +
        "be caught up. Load a state that was saved with `unsampled: 'caught-up'`.",
    );
  }

  /** Replaces the learning rates by saved ones. */
  restore(rates: Float64Array): void {
    this.#rates = rates.slice();
    this.#upToDate = false;
  }

  get #isActive(): boolean {
    return this.#optimizer.unsampled === 'caught-up';
  }
}
