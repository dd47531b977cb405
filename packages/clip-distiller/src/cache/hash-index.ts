/** Words of 32 bits of a hash: 192 bits of a SHA-256. */
export const HASH_WORDS = 6;

/**
 * Which row belongs to a hash: open addressing in typed arrays, so that a million hashes are entered in a moment. Rows are
 * numbered from 0 in the order they come.
 */
export class HashIndex {
  #hashes = new Uint32Array(1024 * HASH_WORDS);
  // Row + 1; 0 where there is none. Twice as many places as rows, at least.
  #slots = new Int32Array(2048);
  #count = 0;

  /** Rows so far, those of hashes that came again too. */
  get rows(): number {
    return this.#count;
  }

  /** Makes room for as many rows at once. */
  reserve(rows: number): void {
    while (rows * HASH_WORDS > this.#hashes.length) this.#hashes = doubled(this.#hashes);
    let places = this.#slots.length;
    while (places < 2 * rows) places *= 2;
    if (places > this.#slots.length) this.#enterAgain(places);
  }

  /** The row of a hash, or −1. @param words Where the hash lies: HASH_WORDS words from `at`. */
  find(words: Uint32Array, at = 0): number {
    return this.#slots[this.#slotOf(words, at)] - 1;
  }

  /** Enters the next row. Where the hash is known, the new row takes its place if `replace`, else the known one stays. */
  add(words: Uint32Array, at: number, replace: boolean): number {
    this.reserve(this.#count + 1);
    const row = this.#count++;
    for (let i = 0; i < HASH_WORDS; i++) this.#hashes[row * HASH_WORDS + i] = words[at + i];
    const slot = this.#slotOf(words, at);
    if (this.#slots[slot] === 0 || replace) this.#slots[slot] = row + 1;
    return row;
  }

  /** The place of a hash, or the empty one where it belongs. */
  #slotOf(words: Uint32Array, at: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = words[at] & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] - 1;
      if (row < 0 || this.#isAt(row, words, at)) return slot;
    }
  }

  #isAt(row: number, words: Uint32Array, at: number): boolean {
    for (let i = 0; i < HASH_WORDS; i++)
      if (this.#hashes[row * HASH_WORDS + i] !== words[at + i]) return false;
    return true;
  }

  #enterAgain(places: number): void {
    const slots = this.#slots;
    this.#slots = new Int32Array(places);
    for (const entry of slots) {
      if (entry > 0) this.#slots[this.#slotOf(this.#hashes, (entry - 1) * HASH_WORDS)] = entry;
    }
  }
}

/** The same words with as many zeros behind them. */
export function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}
