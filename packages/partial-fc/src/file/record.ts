import { crc32 } from 'node:zlib';
import { fitsSharedRowMemory, type SharedRowMemory } from '@unitsphere/ops';
import { leaveMemory, takeMemory } from './row-memory.js';

/**
 * How one class lies in a file: its center and its optimizer's state, float32, then four 32-bit integers: how many
 * updates it had, the step of its last one, its row number plus 1, and the CRC-32 of all before. Little-endian. A
 * record of zeros is a row that was never written.
 */
export class RecordLayout {
  /** float32 values of a record. */
  readonly values: number;
  /** Bytes of a record. */
  readonly bytes: number;

  constructor(
    /** The tables' names, the centers first. */
    readonly tables: readonly string[],
    readonly dimensions: number,
  ) {
    this.values = tables.length * dimensions;
    this.bytes = 4 * this.values + 16;
  }
}

/** Records in memory, one behind another. */
export class Records {
  readonly floats: Float32Array;
  readonly integers: Int32Array;
  readonly bytes: Uint8Array;
  /** Where kernels can work on them; absent where threads cannot, or where they are more than it holds. */
  readonly memory: SharedRowMemory | undefined;

  /** @param shared Whether threads can work on them: the records may then hold anything at first. */
  constructor(
    readonly layout: RecordLayout,
    readonly size: number,
    shared = false,
  ) {
    const length = size * layout.bytes;
    if (shared && fitsSharedRowMemory(length, layout.dimensions)) this.memory = takeMemory(length);
    const buffer = this.memory?.buffer ?? new (shared ? SharedArrayBuffer : ArrayBuffer)(length);
    this.floats = new Float32Array(buffer, 0, length / 4);
    this.integers = new Int32Array(buffer, 0, length / 4);
    this.bytes = new Uint8Array(buffer, 0, length);
  }

  /** Says that nothing works on them any more. */
  leave(): void {
    if (this.memory) leaveMemory(this.memory);
  }

  /** All bytes of record i. */
  bytesOf(i: number): Uint8Array {
    return this.bytes.subarray(i * this.layout.bytes, (i + 1) * this.layout.bytes);
  }

  /** Record i's row of a table, by the table's place. */
  rowOf(i: number, table: number): Float32Array {
    const at = (i * this.layout.bytes) / 4 + table * this.layout.dimensions;
    return this.floats.subarray(at, at + this.layout.dimensions);
  }

  /** Where record i's integers begin: count, last step, tag, CRC. */
  #tail(i: number): number {
    return (i * this.layout.bytes) / 4 + this.layout.values;
  }

  count(i: number): number {
    return this.integers[this.#tail(i)];
  }

  lastStep(i: number): number {
    return this.integers[this.#tail(i) + 1];
  }

  setSteps(i: number, count: number, lastStep: number): void {
    this.integers[this.#tail(i)] = count;
    this.integers[this.#tail(i) + 1] = lastStep;
  }

  /** Makes record i that of a row, its CRC right. */
  seal(i: number, row: number): void {
    this.integers[this.#tail(i) + 2] = row + 1;
    this.integers[this.#tail(i) + 3] = this.#crc(i);
  }

  /** Whether record i is a row's, never written, or damaged. */
  check(i: number, row: number): 'whole' | 'unwritten' | 'damaged' {
    const tail = this.#tail(i);
    if (this.integers[tail + 2] === row + 1 && this.integers[tail + 3] === this.#crc(i)) return 'whole';
    return this.#isZero(i) ? 'unwritten' : 'damaged';
  }

  #isZero(i: number): boolean {
    const begin = (i * this.layout.bytes) / 4;
    for (let at = begin; at < begin + this.layout.bytes / 4; at++) if (this.integers[at] !== 0) return false;
    return true;
  }

  #crc(i: number): number {
    return crc32(this.bytes.subarray(i * this.layout.bytes, (i + 1) * this.layout.bytes - 4)) | 0;
  }
}
