import { fitsSharedRowMemory, type SharedRowMemory } from '@unitsphere/ops';
import { isSealed, sealRecord } from './record-seal.js';
import { acquireMemory, releaseMemory } from './row-memory.js';

/**
 * Layout of one row's record: the center and the optimizer's state as float32, then four int32: the number of updates, the
 * step of the last one, the row number plus 1, and the CRC-32 of everything before. Little-endian. A record of zeros is a
 * row that was never written.
 */
export class RecordLayout {
  /** Number of float32 values in a record. */
  readonly values: number;
  /** Size of a record in bytes. */
  readonly bytes: number;

  constructor(
    /** Names of the tables, the centers first. */
    readonly tables: readonly string[],
    readonly dimensions: number,
  ) {
    this.values = tables.length * dimensions;
    this.bytes = 4 * this.values + 16;
  }
}

/** Contiguous records in memory. */
export class Records {
  readonly floats: Float32Array;
  readonly integers: Int32Array;
  readonly bytes: Uint8Array;
  /** Memory that kernels can work on; undefined if the records are not shared or do not fit in it. */
  readonly memory: SharedRowMemory | undefined;

  /**
   * @param shared Whether threads can work on the records. Their initial content is then arbitrary.
   * @param memory Memory that is large enough for shared records; by default other memory is acquired.
   */
  constructor(
    readonly layout: RecordLayout,
    readonly size: number,
    readonly shared = false,
    memory?: SharedRowMemory,
  ) {
    const length = size * layout.bytes;
    if (memory) this.memory = memory;
    else if (shared && fitsSharedRowMemory(length, layout.dimensions)) this.memory = acquireMemory(length);
    const buffer = this.memory?.buffer ?? new (shared ? SharedArrayBuffer : ArrayBuffer)(length);
    this.floats = new Float32Array(buffer, 0, length / 4);
    this.integers = new Int32Array(buffer, 0, length / 4);
    this.bytes = new Uint8Array(buffer, 0, length);
  }

  /** Returns as many records with the content of these, which must not be used afterward. Records keep their place in `memory`. */
  grow(size: number): Records {
    const { layout, shared, memory } = this;
    if (memory && fitsSharedRowMemory(size * layout.bytes, layout.dimensions)) {
      memory.grow(size * layout.bytes);
      return new Records(layout, size, shared, memory);
    }
    const larger = new Records(layout, size, shared);
    larger.bytes.set(this.bytes);
    this.release();
    return larger;
  }

  /** Releases the memory for reuse. The records must not be used afterward. */
  release(): void {
    if (this.memory) releaseMemory(this.memory);
  }

  /** Returns the bytes of record i. */
  bytesOf(i: number): Uint8Array {
    return this.bytes.subarray(i * this.layout.bytes, (i + 1) * this.layout.bytes);
  }

  /** Returns the row of record i in a table, given by its index. */
  rowOf(i: number, table: number): Float32Array {
    const at = (i * this.layout.bytes) / 4 + table * this.layout.dimensions;
    return this.floats.subarray(at, at + this.layout.dimensions);
  }

  /** Returns the index of the first integer of record i, its count. The last step follows. */
  #tail(i: number): number {
    return (i * this.layout.bytes) / 4 + this.layout.values;
  }

  /** Returns the number of updates of record i. */
  count(i: number): number {
    return this.integers[this.#tail(i)];
  }

  /** Returns the step of the last update of record i. */
  lastStep(i: number): number {
    return this.integers[this.#tail(i) + 1];
  }

  /** Sets the number of updates and the last step of record i. */
  setSteps(i: number, count: number, lastStep: number): void {
    this.integers[this.#tail(i)] = count;
    this.integers[this.#tail(i) + 1] = lastStep;
  }

  /** Writes the row number and the CRC of record i. */
  seal(i: number, row: number): void {
    sealRecord(this, this.layout.bytes, i, row);
  }

  /** Returns whether record i is an intact record of a row, was never written, or is damaged. */
  check(i: number, row: number): 'intact' | 'unwritten' | 'damaged' {
    if (isSealed(this, this.layout.bytes, i, row)) return 'intact';
    return this.#isZero(i) ? 'unwritten' : 'damaged';
  }

  #isZero(i: number): boolean {
    const begin = (i * this.layout.bytes) / 4;
    for (let at = begin; at < begin + this.layout.bytes / 4; at++) if (this.integers[at] !== 0) return false;
    return true;
  }
}
