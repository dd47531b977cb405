import { type RecordLayout, Records } from './record.js';

const USED = 1;
const DIRTY = 2;

/** A bounded number of rows in memory; one not used since the hand last came by makes room (the clock rule). */
export class RowCache {
  readonly records: Records;
  readonly #slotOfRow: Int32Array;
  readonly #rowOfSlot: Int32Array;
  readonly #flags: Uint8Array;
  readonly #writeBack: (row: number, slot: number) => void;
  #hand = 0;

  /** @param writeBack Keeps a changed row that makes room; where it throws, the row stays. */
  constructor(
    layout: RecordLayout,
    rows: number,
    capacity: number,
    writeBack: (row: number, slot: number) => void,
  ) {
    const slots = Math.max(1, Math.min(rows, capacity));
    this.records = new Records(layout, slots);
    this.#slotOfRow = new Int32Array(rows);
    this.#rowOfSlot = new Int32Array(slots).fill(-1);
    this.#flags = new Uint8Array(slots);
    this.#writeBack = writeBack;
  }

  /** How many rows fit. */
  get capacity(): number {
    return this.#flags.length;
  }

  /** Where a row is, or −1. */
  find(row: number): number {
    return this.#slotOfRow[row]! - 1;
  }

  /** Says that a row was asked for again, and so may be once more. */
  markUsed(slot: number): void {
    this.#flags[slot]! |= USED;
  }

  /** Makes room for a row; fill() writes its record, and where it throws, the row is not in. */
  insert(row: number, fill: (slot: number) => void): number {
    const slot = this.#makeRoom();
    fill(slot);
    this.#rowOfSlot[slot] = row;
    this.#slotOfRow[row] = slot + 1;
    // Not marked as used: a row that is asked for once is the first to go.
    this.#flags[slot] = 0;
    return slot;
  }

  /** Says that a row's record was changed. */
  markDirty(slot: number): void {
    this.#flags[slot]! |= DIRTY;
  }

  /** Writes every changed row back; they stay. */
  flush(): void {
    for (let slot = 0; slot < this.#flags.length; slot++) this.#clean(slot);
  }

  /** Forgets every row, changed or not. */
  clear(): void {
    this.#slotOfRow.fill(0);
    this.#rowOfSlot.fill(-1);
    this.#flags.fill(0);
  }

  #makeRoom(): number {
    for (;;) {
      const slot = this.#hand;
      this.#hand = (slot + 1) % this.#flags.length;
      if (this.#flags[slot]! & USED) {
        this.#flags[slot]! &= ~USED;
        continue;
      }
      this.#clean(slot);
      const row = this.#rowOfSlot[slot]!;
      if (row >= 0) this.#slotOfRow[row] = 0;
      this.#rowOfSlot[slot] = -1;
      return slot;
    }
  }

  #clean(slot: number): void {
    if (!(this.#flags[slot]! & DIRTY)) return;
    this.#writeBack(this.#rowOfSlot[slot]!, slot);
    this.#flags[slot]! &= ~DIRTY;
  }
}
