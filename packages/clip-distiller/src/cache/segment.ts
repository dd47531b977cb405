import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { readAll, syncFolder, writeAll } from '@unitsphere/core/disk';
import { onDisk } from './errors.js';
import { indexHeader, isIndexHeader, isRecord, RECORD_BYTES, RECORD_WORDS } from './records.js';

/** The rows of one writer: `NAME.rows`, one behind another, and `NAME.index`, a record for each. Only its maker appends. */
export class Segment {
  /** Records read so far that are settled: later ones may still be on their way to the disk. */
  settled = 0;

  readonly #rows: number;
  readonly #index: number;
  readonly #rowBytes: number;

  constructor(
    readonly name: string,
    rows: number,
    index: number,
    rowBytes: number,
  ) {
    this.#rows = rows;
    this.#index = index;
    this.#rowBytes = rowBytes;
  }

  /**
   * The records that have come since, in order.
   * @param onCount Called with the most that there can be.
   * @param onRecord Called with where a record lies in `words`, and its row in this segment.
   */
  readRecords(
    onCount: (count: number) => void,
    onRecord: (words: Uint32Array, at: number, row: number) => void,
  ): void {
    const whole = Math.floor(fstatSync(this.#index).size / RECORD_BYTES) - 1;
    const count = whole - this.settled;
    if (count <= 0) return;
    onCount(count);
    const words = new Uint32Array(count * RECORD_WORDS);
    if (!readAll(this.#index, new Uint8Array(words.buffer), (this.settled + 1) * RECORD_BYTES)) return;
    // A record is written after its row; one without it is damage.
    const rowsThere = Math.floor(fstatSync(this.#rows).size / this.#rowBytes);
    const first = this.settled;
    for (let i = 0; i < count; i++) {
      const row = first + i;
      if (row >= rowsThere || !isRecord(words, i * RECORD_WORDS, row)) continue;
      onRecord(words, i * RECORD_WORDS, row);
      this.settled = row + 1;
    }
  }

  /** Fills the bytes with rows from `row` on. @returns Whether they are there. */
  read(row: number, bytes: Uint8Array): boolean {
    return readAll(this.#rows, bytes, row * this.#rowBytes);
  }

  close(): void {
    closeSync(this.#rows);
    closeSync(this.#index);
  }
}

/** Opens a segment to read. @returns undefined where its index is not begun yet, or is of something else. */
export function openSegment(folder: string, name: string, rowBytes: number): Segment | undefined {
  const paths = pathsOf(folder, name);
  const index = openSync(paths.index, 'r');
  const header = new Uint32Array(RECORD_WORDS);
  const isWhole = readAll(index, new Uint8Array(header.buffer), 0);
  if (!isWhole || !isIndexHeader(header, rowBytes)) {
    closeSync(index);
    return undefined;
  }
  return new Segment(name, openSync(paths.rows, 'r'), index, rowBytes);
}

/** Appends rows to a new segment. Each append is on the disk when it returns, in an order that a crash cannot confuse. */
export class SegmentWriter {
  readonly name: string;
  readonly #folder: string;
  readonly #rowBytes: number;
  readonly #rows: number;
  readonly #index: number;
  #count = 0;

  constructor(folder: string, rowBytes: number) {
    this.#folder = folder;
    this.#rowBytes = rowBytes;
    this.name = `${process.pid.toString(36)}-${randomBytes(6).toString('hex')}`;
    const paths = pathsOf(folder, this.name);
    [this.#rows, this.#index] = onDisk(paths.rows, () => {
      const rows = openSync(paths.rows, 'wx');
      try {
        const index = openSync(paths.index, 'wx');
        writeAll(index, bytesOf(indexHeader(rowBytes)), 0);
        syncFolder(folder);
        return [rows, index];
      } catch (error) {
        closeSync(rows);
        throw error;
      }
    });
  }

  /** The number that the next row will have in this segment. */
  get next(): number {
    return this.#count;
  }

  /**
   * @param bytes The rows.
   * @param records Theirs, numbered from `next` on.
   * @throws FeatureCacheError where the disk refuses; the segment then ends with the rows before and takes no more.
   */
  append(bytes: Uint8Array, records: Uint32Array): void {
    const count = this.#count;
    const index = this.#index;
    const rows = this.#rows;
    const rowBytes = this.#rowBytes;
    const paths = pathsOf(this.#folder, this.name);
    try {
      onDisk(paths.rows, () => {
        writeAll(rows, bytes, count * rowBytes);
        fsyncSync(rows);
      });
      onDisk(paths.index, () => {
        writeAll(index, bytesOf(records), (count + 1) * RECORD_BYTES);
        fsyncSync(index);
      });
    } catch (error) {
      this.#cutBack();
      throw error;
    }
    this.#count += records.length / RECORD_WORDS;
  }

  close(): void {
    closeSync(this.#rows);
    closeSync(this.#index);
  }

  /** Gives a full disk its room back. */
  #cutBack(): void {
    try {
      ftruncateSync(this.#index, (this.#count + 1) * RECORD_BYTES);
      ftruncateSync(this.#rows, this.#count * this.#rowBytes);
    } catch {
      // What is left over is ignored: it has no whole record, or its row fails its checksum.
    }
  }
}

function pathsOf(folder: string, name: string) {
  return { rows: join(folder, `${name}.rows`), index: join(folder, `${name}.index`) };
}

const bytesOf = (words: Uint32Array) => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
