import type { StepReport } from './progress-reporter.js';

/** How fast the last steps were, and what they waited for. */
export interface Rates {
  imagesPerSecond: number;
  secondsPerStep: number;
  /** Fractions of the time by what it went to, in the order they were first told. */
  shares: [name: string, share: number][];
}

/** Rates over the steps of the last seconds: steady enough to read, quick enough to show a change. */
export class StepRates {
  readonly #reports: { images: number; times: Record<string, number>; total: number }[] = [];
  #total = 0;

  readonly #windowMs: number;

  constructor(windowMs = 20_000) {
    this.#windowMs = windowMs;
  }

  add({ images, times }: StepReport): void {
    const total = Object.values(times).reduce((sum, ms) => sum + ms, 0);
    this.#reports.push({ images, times, total });
    this.#total += total;
    while (this.#reports.length > 1 && this.#total - this.#reports[0].total >= this.#windowMs) {
      this.#total -= this.#reports.shift()!.total;
    }
  }

  /** Null before the first step. */
  get(): Rates | null {
    if (this.#reports.length === 0) return null;
    const byName = new Map<string, number>();
    let images = 0;
    for (const report of this.#reports) {
      images += report.images;
      for (const [name, ms] of Object.entries(report.times)) byName.set(name, (byName.get(name) ?? 0) + ms);
    }
    // A step may be shorter than the clock's tick.
    const ms = Math.max(this.#total, 1e-3);
    return {
      imagesPerSecond: (images / ms) * 1000,
      secondsPerStep: ms / 1000 / this.#reports.length,
      shares: [...byName].map(([name, time]) => [name, time / ms]),
    };
  }
}
