import { type RecordLayout, Records } from './record.js';

const USED = 1;
const DIRTY = 2;
/** Also one of the next turn's. */
const NEXT = 4;

/**
 * A bounded number of rows in memory; one not used since the hand last came by makes room (the clock rule), unless it is
 * held: those of a turn are, until they are released or the next turn begins.
 */
export class RowCache {
  #records: Records;
  readonly #slotOfRow: Int32Array;
  #rowOfSlot: Int32Array;
  #flags: Uint8Array;
  /** The turn at which a slot's row was last held. */
  #heldAt: Uint32Array;
  #turn = 1;
  #hand = 0;

  /** @param shared Whether threads work on the records. */
  constructor(
    layout: RecordLayout,
    readonly rows: number,
    capacity: number,
    readonly shared: boolean,
  ) {
    const slots = Math.max(1, Math.min(rows, capacity));
    this.#records = new Records(layout, slots, shared);
    this.#slotOfRow = new Int32Array(rows);
    this.#rowOfSlot = new Int32Array(slots).fill(-1);
    this.#flags = new Uint8Array(slots);
    this.#heldAt = new Uint32Array(slots);
  }

  /** The memory; another after grow(). */
  get records(): Records {
    return this.#records;
  }

  /** How many rows fit. */
  get capacity(): number {
    return this.#flags.length;
  }

  /** Makes room for at least so many rows; what is there stays at its place. */
  grow(capacity: number): void {
    const slots = Math.min(this.rows, capacity);
    if (slots <= this.capacity) return;
    const records = new Records(this.#records.layout, slots, this.shared);
    records.bytes.set(this.#records.bytes);
    this.#records.leave();
    this.#records = records;
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

  /** Where a row is, or −1. */
  find(row: number): number {
    return this.#slotOfRow[row] - 1;
  }

  /** Says that a row was asked for again, and so may be once more. */
  markUsed(slot: number): void {
    this.#flags[slot] |= USED;
  }

  /** Begins a turn: no row is held. */
  beginTurn(): void {
    this.#turn++;
  }

  /** Keeps a row in through this turn. */
  hold(slot: number): void {
    this.#heldAt[slot] = this.#turn;
    this.#flags[slot] &= ~NEXT;
  }

  /** Keeps a row in through this turn, although it may be released: the next one needs it, too. */
  holdForNext(slot: number): void {
    this.#heldAt[slot] = this.#turn;
    this.#flags[slot] |= NEXT;
  }

  /** Says that this turn is done with a row. */
  release(slot: number): void {
    if (!(this.#flags[slot] & NEXT)) this.#heldAt[slot] = 0;
  }

  /**
   * Gives a row a place, which is then to be filled with its record.
   * @param writeBack Keeps a changed row that makes room; where it throws, that row stays and this one is not in.
   * @returns The place; −1 where every row is held.
   */
  claim(row: number, writeBack: WriteBack): number {
    const slot = this.#makeRoom(writeBack);
    if (slot < 0) return -1;
    this.#put(row, slot);
    // Not marked as used: a row that is asked for once is the first to go.
    this.#flags[slot] = 0;
    return slot;
  }

  /** Takes a row out; what was changed of it is lost. */
  drop(slot: number): void {
    const row = this.#rowOfSlot[slot];
    if (row >= 0) this.#slotOfRow[row] = 0;
    this.#rowOfSlot[slot] = -1;
    this.#flags[slot] = 0;
    this.#heldAt[slot] = 0;
  }

  /** Brings back a changed row that made room and could not be kept, in place of the one that came for it, if any. */
  putBack(row: number, slot: number): void {
    if (this.#rowOfSlot[slot] !== row) this.drop(slot);
    this.#put(row, slot);
    this.markDirty(slot);
  }

  /** Says that a row's record was changed. */
  markDirty(slot: number): void {
    this.#flags[slot] |= DIRTY;
  }

  /** Writes every changed row back; they stay. */
  flush(writeBack: WriteBack): void {
    for (let slot = 0; slot < this.#flags.length; slot++) this.#clean(slot, writeBack);
  }

  /** Forgets every row, changed or not. */
  clear(): void {
    this.#slotOfRow.fill(0);
    this.#rowOfSlot.fill(-1);
    this.#flags.fill(0);
    this.#heldAt.fill(0);
  }

  /** Gives its memory up; it is not used after. */
  close(): void {
    this.#records.leave();
  }

  #put(row: number, slot: number): void {
    this.#rowOfSlot[slot] = row;
    this.#slotOfRow[row] = slot + 1;
  }

  #makeRoom(writeBack: WriteBack): number {
    // At the second round no row is marked as used.
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

/** Keeps the record of a row that is at a place of the cache. */
export type WriteBack = (row: number, slot: number) => void;
