/** Number of identities kept. */
const CAPACITY = 4096;

/** The most recent identities that a generator has drawn. */
export class IdentityCache<T> {
  readonly #cache = new Map<number, T>();

  readonly #source: string;
  readonly #count: number;
  readonly #draw: (identity: number) => T;

  /**
   * @param source Class name of the generator for error messages.
   * @param count Number of identities.
   * @param draw Draws an identity; must be deterministic.
   */
  constructor(source: string, count: number, draw: (identity: number) => T) {
    this.#source = source;
    this.#count = count;
    this.#draw = draw;
  }

  /**
   * Returns an identity, drawing it if it is not cached.
   * @param caller Method name for error messages.
   * @throws RangeError if the identity is not an integer in [0, count).
   */
  get(identity: number, caller: string): T {
    if (!Number.isInteger(identity) || identity < 0 || identity >= this.#count) {
      throw new RangeError(
        `${this.#source}.${caller}: identity must be an integer in 0 … ${this.#count - 1}, not ${identity}.`,
      );
    }
    let drawn = this.#cache.get(identity);
    if (drawn === undefined) {
      drawn = this.#draw(identity);
      if (this.#cache.size >= CAPACITY) {
        const [oldest] = this.#cache.keys();
        this.#cache.delete(oldest);
      }
      this.#cache.set(identity, drawn);
    }
    return drawn;
  }
}
