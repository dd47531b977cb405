import { type RecordLayout, Records } from './record.js';

// Flags of a slot: its row was used since the hand last passed, was changed, is needed in the next turn.
const USED = 1;
const DIRTY = 2;
const NEXT = 4;

/**
 * Bounded number of rows in memory. The clock algorithm evicts a row that was not used since the hand last passed. Rows of
 * the present turn are held, that is not evicted, until they are released or the next turn begins.
 */
export class RowCache {
  #records: Records;
  readonly #slotOfRow: Int32Array;
  #rowOfSlot: Int32Array;
  #flags: Uint8Array;
  /** Turn in which the row of each slot was last held. */
  #heldAt: Uint32Array;
  #turn = 1;
  #hand = 0;

  /** @param shared Whether threads work on the records. */
  constructor(
    layout: RecordLayout,
    readonly rows: number,
    capacity: number,
    shared: boolean,
  ) {
    const slots = Math.max(1, Math.min(rows, capacity));
    this.#records = new Records(layout, slots, shared);
    this.#slotOfRow = new Int32Array(rows);
    this.#rowOfSlot = new Int32Array(slots).fill(-1);
    this.#flags = new Uint8Array(slots);
    this.#heldAt = new Uint32Array(slots);
  }

  /** Memory of the slots; replaced by `grow`. */
  get records(): Records {
    return this.#records;
  }

  /** Number of slots. */
  get capacity(): number {
    return this.#flags.length;
  }

  /** Grows to at least `capacity` slots. Rows keep their slots. */
  grow(capacity: number): void {
    const slots = Math.min(this.rows, capacity);
    if (slots <= this.capacity) return;
    this.#records = this.#records.grow(slots);
    const rowOfSlot = new Int32Array(slots).fill(-1);
    rowOfSlot.set(this.#rowOfSlot);
    this.#rowOfSlot = rowOfSlot;
    const flags = new Uint8Array(slots);
    flags.set(this.#flags);
    this.#flags = flags;
    const heldAt = new Uint32Array(slots);
    heldAt.set(this.#heldAt);
    this.#heldAt = heldAt;
  }

  /** Returns the slot of a row, or −1. */
  find(row: number): number {
    return this.#slotOfRow[row] - 1;
  }

  /** Marks a row as used again, which delays its eviction. */
  markUsed(slot: number): void {
    this.#flags[slot] |= USED;
  }

  /** Begins a turn, in which no row is held yet. */
  beginTurn(): void {
    this.#turn++;
  }

  /** Holds a row for this turn. */
  hold(slot: number): void {
    this.#heldAt[slot] = this.#turn;
    this.#flags[slot] &= ~NEXT;
  }

  /** Holds a row for this turn even if it is released, because the next turn needs it, too. */
  holdForNext(slot: number): void {
    this.#heldAt[slot] = this.#turn;
    this.#flags[slot] |= NEXT;
  }

  /** Allows a row to be evicted in this turn, unless it is held for the next. */
  release(slot: number): void {
    if (!(this.#flags[slot] & NEXT)) this.#heldAt[slot] = 0;
  }

  /**
   * Assigns a slot to a row. The caller fills it with the row's record.
   * @param writeBack Stores the evicted row if it was changed. If it throws, that row stays and no slot is assigned.
   * @returns The slot; −1 if every row is held.
   */
  claim(row: number, writeBack: WriteBack): number {
    const slot = this.#makeRoom(writeBack);
    if (slot < 0) return -1;
    this.#put(row, slot);
    // Not marked as used: a row that is used only once is evicted first.
    this.#flags[slot] = 0;
    return slot;
  }

  /** Removes a row and loses its changes. */
  drop(slot: number): void {
    const row = this.#rowOfSlot[slot];
    if (row >= 0) this.#slotOfRow[row] = 0;
    this.#rowOfSlot[slot] = -1;
    this.#flags[slot] = 0;
    this.#heldAt[slot] = 0;
  }

  /** Puts back an evicted row that could not be stored, in place of the row that replaced it. */
  putBack(row: number, slot: number): void {
    if (this.#rowOfSlot[slot] !== row) this.drop(slot);
    this.#put(row, slot);
    this.markDirty(slot);
  }

  /** Marks a row as changed. */
  markDirty(slot: number): void {
    this.#flags[slot] |= DIRTY;
  }

  /** Stores all changed rows and keeps them in the cache. */
  flush(writeBack: WriteBack): void {
    for (let slot = 0; slot < this.#flags.length; slot++) this.#clean(slot, writeBack);
  }

  /** Removes all rows and loses their changes. */
  clear(): void {
    this.#slotOfRow.fill(0);
    this.#rowOfSlot.fill(-1);
    this.#flags.fill(0);
    this.#heldAt.fill(0);
  }

  /** Releases the memory. The cache must not be used afterward. */
  close(): void {
    this.#records.release();
  }

  #put(row: number, slot: number): void {
    this.#rowOfSlot[slot] = row;
    this.#slotOfRow[row] = slot + 1;
  }

  #makeRoom(writeBack: WriteBack): number {
    // The first round clears the used flags, so the second finds a row unless all are held.
    for (let tried = 0; tried < 2 * this.#flags.length; tried++) {
      const slot = this.#hand;
      this.#hand = (slot + 1) % this.#flags.length;
      if (this.#heldAt[slot] === this.#turn) continue;
      if (this.#flags[slot] & USED) {
        this.#flags[slot] &= ~USED;
        continue;
      }
      this.#clean(slot, writeBack);
      this.drop(slot);
      return slot;
    }
    return -1;
  }

  #clean(slot: number, writeBack: WriteBack): void {
    if (!(this.#flags[slot] & DIRTY)) return;
    writeBack(this.#rowOfSlot[slot], slot);
    this.#flags[slot] &= ~DIRTY;
  }
}

/** Stores the row in a slot of the cache. */
export type WriteBack = (row: number, slot: number) => void;
