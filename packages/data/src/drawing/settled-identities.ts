/** How many are kept. */
const KEPT = 4096;

/** What a generator has drawn of its identities, of which the latest are kept. */
export class SettledIdentities<Settled> {
  readonly #settled = new Map<number, Settled>();

  readonly #source: string;
  readonly #count: number;
  readonly #draw: (identity: number) => Settled;

  /**
   * @param source The generator's name, for messages.
   * @param count How many identities there are.
   * @param draw What an identity is.
   */
  constructor(source: string, count: number, draw: (identity: number) => Settled) {
    this.#source = source;
    this.#count = count;
    this.#draw = draw;
  }

  /**
   * @param caller The method that asks, for messages.
   * @throws RangeError if there is no such identity.
   */
  get(identity: number, caller: string): Settled {
    if (!Number.isInteger(identity) || identity < 0 || identity >= this.#count) {
      throw new RangeError(
        `${this.#source}.${caller}: there are identities 0 … ${this.#count - 1}, not ${identity}.`,
      );
    }
    let settled = this.#settled.get(identity);
    if (settled === undefined) {
      settled = this.#draw(identity);
      if (this.#settled.size >= KEPT) this.#settled.delete(this.#settled.keys().next().value!);
      this.#settled.set(identity, settled);
    }
    return settled;
  }
}
