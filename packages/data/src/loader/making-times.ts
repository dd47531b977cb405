import type { ImageSource } from '../source.js';

/** Causes of the time that a batch takes to make. */
export const MAKING_CAUSES = ['disk', 'decoding', 'drawing', 'augmentation'] as const;

/** Milliseconds that a batch took to make, by cause; images that are read and decoded at once count for the time that they held up the batch. */
export type MakingTimes = Record<(typeof MAKING_CAUSES)[number], number>;

/** Measures what the making of a batch waits for. */
export class MakingClock {
  readonly times: MakingTimes = { disk: 0, decoding: 0, drawing: 0, augmentation: 0 };
  readonly #source: ImageSource;
  #loads: { disk: number; decoding: number } | undefined;

  constructor(source: ImageSource) {
    this.#source = source;
    this.#loads = source.loadTimes && { ...source.loadTimes };
  }

  /** Adds time that the batch waited for images of the source. */
  addLoading(milliseconds: number): void {
    const { loadTimes } = this.#source;
    if (!loadTimes || !this.#loads) {
      this.times.drawing += milliseconds;
      return;
    }
    // Loads overlap, so their own times exceed the waiting; their ratio divides it.
    const disk = loadTimes.disk - this.#loads.disk;
    const decoding = loadTimes.decoding - this.#loads.decoding;
    const share = disk + decoding > 0 ? disk / (disk + decoding) : 0;
    this.times.disk += milliseconds * share;
    this.times.decoding += milliseconds * (1 - share);
    this.#loads = { ...loadTimes };
  }

  addAugmentation(milliseconds: number): void {
    this.times.augmentation += milliseconds;
  }
}
