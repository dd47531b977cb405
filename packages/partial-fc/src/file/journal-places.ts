/**
 * Largest number of places per row in the journal. With 2 and rows drawn uniformly, about a sixth of the places is still
 * taken when the sweep returns to them, so that about five consecutive places are free for one write.
 */
const PLACES_PER_ROW = 2;

/**
 * Allocates the places of the journal. A changed row gets the next free place after the last allocated one, so that rows
 * written together are adjacent and one call writes them all. The file grows until half of its places are free. From then
 * on the sweep restarts at the beginning and reuses the places that were released.
 */
export class JournalPlaces {
  /** One bit per place. */
  #taken: Uint32Array = new Uint32Array(32);
  /** Taken places that a sealed generation needs, even if their rows have moved. */
  #pinned: Uint32Array = new Uint32Array(0);
  #count = 0;
  #end = 0;
  #next = 0;

  /** Number of places of the file. All taken places are below it. */
  get end(): number {
    return this.#end;
  }

  /** Allocates a free place. */
  take(): number {
    let place = this.#firstFree(this.#next);
    if (place === this.#end && this.#end >= PLACES_PER_ROW * this.#count) place = this.#firstFree(0);
    if (place === this.#end) this.#end++;
    this.#set(place);
    this.#next = place + 1;
    return place;
  }

  /** Frees a place whose row has moved, unless it is pinned. */
  release(place: number): void {
    if (has(this.#pinned, place)) return;
    this.#taken[place >>> 5] &= ~(1 << (place & 31));
    this.#count--;
  }

  /** Pins all taken places: they stay taken until `keepOnly`. */
  pin(): void {
    this.#pinned = this.#taken.slice();
  }

  /** Frees all other places and ends the file after the last of these. */
  keepOnly(places: Iterable<number>): void {
    this.#pinned = new Uint32Array(0);
    this.#taken.fill(0);
    this.#count = 0;
    this.#end = 0;
    for (const place of places) {
      this.#set(place);
      this.#end = Math.max(this.#end, place + 1);
    }
    this.#next = Math.min(this.#next, this.#end);
  }

  #set(place: number): void {
    if (place >>> 5 >= this.#taken.length) {
      const larger = new Uint32Array(2 * this.#taken.length);
      larger.set(this.#taken);
      this.#taken = larger;
    }
    this.#taken[place >>> 5] |= 1 << (place & 31);
    this.#count++;
  }

  /** Returns the first free place at or after `from`, or the end. */
  #firstFree(from: number): number {
    for (let at = from; at < this.#end; at = (at | 31) + 1) {
      const free = ~this.#taken[at >>> 5] >>> (at & 31);
      if (free !== 0) return Math.min(at + 31 - Math.clz32(free & -free), this.#end);
    }
    return this.#end;
  }
}

/** Whether the bit of a place is set. */
function has(bits: Uint32Array, place: number): boolean {
  return ((bits[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0;
}
