/** Seeded random numbers: mulberry32. */
export class FuzzRandom {
  #state: number;

  constructor(state: number) {
    this.#state = state;
  }

  /** Draws an integer in [0, below). */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  /** Draws one item. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}
