/**
 * Places to each row that is kept, at most: as many again as rows. Where a row is written again with the same chance at each
 * step, as when they are drawn uniformly, the sweep then comes back to a stretch of which about a sixth is still kept, and so
 * writes some five places in one go.
 */
const PLACES_PER_ROW = 2;

/**
 * Which places of the journal are taken. A changed row goes to the next free place after the last one that was given, so
 * that rows that are written together lie together: one call writes them all. The file grows until half of it is free;
 * from then on the sweep begins anew at its start and gives the places that were left since.
 */
export class JournalPlaces {
  /** A bit a place. */
  #taken: Uint32Array = new Uint32Array(32);
  /** Of these, the ones that a sealed generation needs, whatever becomes of their rows. */
  #pinned: Uint32Array = new Uint32Array(0);
  #count = 0;
  #end = 0;
  #next = 0;

  /** How many places the file has: all that are taken lie before it. */
  get end(): number {
    return this.#end;
  }

  /** Gives a free place, which is then taken. */
  take(): number {
    let place = this.#firstFree(this.#next);
    if (place === this.#end && this.#end >= PLACES_PER_ROW * this.#count) place = this.#firstFree(0);
    if (place === this.#end) this.#end++;
    this.#set(place);
    this.#next = place + 1;
    return place;
  }

  /** Says that a place's row lies elsewhere now. */
  release(place: number): void {
    if (has(this.#pinned, place)) return;
    this.#taken[place >>> 5] &= ~(1 << (place & 31));
    this.#count--;
  }

  /** Keeps all that are taken now, also where they are released, until keepOnly(). */
  pin(): void {
    this.#pinned = this.#taken.slice();
  }

  /** Frees all places but these, and ends the file behind the last of them. */
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

  /** The first free place from one on; the end where there is none before it. */
  #firstFree(from: number): number {
    for (let at = from; at < this.#end; at = (at | 31) + 1) {
      const free = ~this.#taken[at >>> 5] >>> (at & 31);
      if (free !== 0) return Math.min(at + 31 - Math.clz32(free & -free), this.#end);
    }
    return this.#end;
  }
}

/** Whether a place's bit is set. */
function has(bits: Uint32Array, place: number): boolean {
  return ((bits[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0;
}
