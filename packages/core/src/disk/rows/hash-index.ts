/** Number of 32-bit words of a hash: 192 bits of a SHA-256. */
export const HASH_WORDS = 6;

/**
 * Hash table from hashes to rows: open addressing in typed arrays, which is fast for millions of hashes. Rows are numbered from
 * 0 in the order in which they are added.
 */
export class HashIndex {
  #hashes = new Uint32Array(1024 * HASH_WORDS);
  // Row + 1, or 0 for an empty slot. At most half of the slots are used.
  #slots = new Int32Array(2048);
  #count = 0;

  /** Number of rows, including those of repeated hashes. */
  get rows(): number {
    return this.#count;
  }

  /** Allocates memory for this many rows. */
  reserve(rows: number): void {
    while (rows * HASH_WORDS > this.#hashes.length) this.#hashes = doubleLength(this.#hashes);
    let slots = this.#slots.length;
    while (slots < 2 * rows) slots *= 2;
    if (slots > this.#slots.length) this.#rehash(slots);
  }

  /** Returns the row of a hash, or −1. @param words The hash: HASH_WORDS words from `at`. */
  find(words: Uint32Array, at = 0): number {
    return this.#slots[this.#slotOf(words, at)] - 1;
  }

  /** Adds the next row. If the hash has a row, `replace` decides whether `find` returns the new one. @returns The new row. */
  add(words: Uint32Array, at: number, replace: boolean): number {
    this.reserve(this.#count + 1);
    const row = this.#count++;
    for (let i = 0; i < HASH_WORDS; i++) this.#hashes[row * HASH_WORDS + i] = words[at + i];
    const slot = this.#slotOf(words, at);
    if (this.#slots[slot] === 0 || replace) this.#slots[slot] = row + 1;
    return row;
  }

  /** Returns the slot of a hash, or the empty slot to use for it. */
  #slotOf(words: Uint32Array, at: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = words[at] & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] - 1;
      if (row < 0 || this.#hasHash(row, words, at)) return slot;
    }
  }

  #hasHash(row: number, words: Uint32Array, at: number): boolean {
    for (let i = 0; i < HASH_WORDS; i++)
      if (this.#hashes[row * HASH_WORDS + i] !== words[at + i]) return false;
    return true;
  }

  #rehash(size: number): void {
    const old = this.#slots;
    this.#slots = new Int32Array(size);
    for (const entry of old) {
      if (entry > 0) this.#slots[this.#slotOf(this.#hashes, (entry - 1) * HASH_WORDS)] = entry;
    }
  }
}

/** Returns a copy of twice the length, padded with zeros. */
export function doubleLength(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}
