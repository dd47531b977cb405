/** Two identities of a gallery by their ids, and the highest score of a template of one with one of the other. */
export interface IdentityPair {
  readonly ids: readonly [number, number];
  readonly score: number;
}

/** Identities that count as one, because pairs of them are duplicates: also A and C for the pairs A, B and B, C. */
export class IdentityGroups {
  readonly #parents = new Map<number, number>();

  constructor(pairs: readonly IdentityPair[] = []) {
    for (const { ids } of pairs) this.join(...ids);
  }

  join(a: number, b: number): void {
    const [one, other] = [this.root(a), this.root(b)];
    this.#parents.set(Math.min(one, other), Math.min(one, other));
    this.#parents.set(Math.max(one, other), Math.min(one, other));
  }

  /** Returns the lowest id of the identities that count as the same as this one. */
  root(id: number): number {
    const parent = this.#parents.get(id);
    return parent === undefined || parent === id ? id : this.root(parent);
  }

  /** Returns the number of different identities that remain of some. */
  count(ids: Iterable<number>): number {
    return new Set([...ids].map((id) => this.root(id))).size;
  }

  /** Returns the size of the largest group; 1 without pairs. */
  get largest(): number {
    const sizes = new Map<number, number>();
    for (const id of this.#parents.keys()) {
      const root = this.root(id);
      sizes.set(root, (sizes.get(root) ?? 0) + 1);
    }
    return Math.max(1, ...sizes.values());
  }
}
