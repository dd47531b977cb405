import type { StepReport } from './progress-reporter.js';

/** The speed of the last steps and the causes of their time. */
export interface Rates {
  imagesPerSecond: number;
  secondsPerStep: number;
  /** Fractions of the time by cause, in the order in which they were first reported. */
  shares: [name: string, share: number][];
}

/** Computes rates over the steps of the last seconds. The default window, 20 s, is steady to read and still shows changes. */
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
      this.#total -= this.#reports[0].total;
      this.#reports.shift();
    }
  }

  /** Returns the rates; null before the first step. */
  get(): Rates | null {
    if (this.#reports.length === 0) return null;
    const byName = new Map<string, number>();
    let images = 0;
    for (const report of this.#reports) {
      images += report.images;
      for (const [name, ms] of Object.entries(report.times)) byName.set(name, (byName.get(name) ?? 0) + ms);
    }
    // A step may be shorter than the clock's resolution.
    const ms = Math.max(this.#total, 1e-3);
    return {
      imagesPerSecond: (images / ms) * 1000,
      secondsPerStep: ms / 1000 / this.#reports.length,
      shares: [...byName].map(([name, time]) => [name, time / ms]),
    };
  }
}
