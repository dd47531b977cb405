import { Random } from '@unitsphere/core/random';

/** Random orders of the integers 0 … n − 1, one for each epoch. */
export class RandomOrders {
  readonly #kept = new Map<number, Uint32Array>();
  readonly #seed: number;
  readonly #key: string;
  readonly #n: number;

  constructor(seed: number, key: string, n: number) {
    this.#seed = seed;
    this.#key = key;
    this.#n = n;
  }

  of(epoch: number): Uint32Array {
    let order = this.#kept.get(epoch);
    if (!order) {
      // A batch usually spans at most two epochs; an order of millions takes megabytes.
      if (this.#kept.size > 1) this.#kept.delete(Math.min(...this.#kept.keys()));
      order = new Random(this.#seed, this.#key, epoch).permutation(this.#n);
      this.#kept.set(epoch, order);
    }
    return order;
  }
}
