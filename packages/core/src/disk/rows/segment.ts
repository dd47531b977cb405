import { builtinModule } from '../builtin-module.js';
import { readAllSync, syncFolderSync, writeAllSync } from '../read-write.js';
import { indexHeader, isIndexHeader, isRecord, RECORD_BYTES, RECORD_WORDS } from './records.js';

/** Rows of one writer, open for reading: `NAME.rows` with the rows, and `NAME.index` with a record for each. */
export class Segment {
  /** Number of records up to the last valid one. Later ones may still be being written. */
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
   * Reads the records that were added since the last call, in order.
   * @param onCount Called first, with the maximum number of new records.
   * @param onRecord Called for each valid record, with its offset in `words` and its row in this segment.
   */
  readRecords(
    onCount: (count: number) => void,
    onRecord: (words: Uint32Array, at: number, row: number) => void,
  ): void {
    const { fstatSync } = builtinModule('node:fs');
    const total = Math.floor(fstatSync(this.#index).size / RECORD_BYTES) - 1;
    const count = total - this.settled;
    if (count <= 0) return;
    onCount(count);
    const words = new Uint32Array(count * RECORD_WORDS);
    if (!readAllSync(this.#index, new Uint8Array(words.buffer), (this.settled + 1) * RECORD_BYTES)) return;
    // A record is written after its row, so a record without a row is damaged.
    const rowCount = Math.floor(fstatSync(this.#rows).size / this.#rowBytes);
    const first = this.settled;
    for (let i = 0; i < count; i++) {
      const row = first + i;
      if (row >= rowCount || !isRecord(words, i * RECORD_WORDS, row)) continue;
      onRecord(words, i * RECORD_WORDS, row);
      this.settled = row + 1;
    }
  }

  /** Fills `bytes` with rows from `row`. @returns False if the file ends first. */
  read(row: number, bytes: Uint8Array): boolean {
    return readAllSync(this.#rows, bytes, row * this.#rowBytes);
  }

  close(): void {
    closeAll([this.#rows, this.#index]);
  }
}

/** Opens a segment for reading. @returns undefined if its index has no valid header, or not yet, or it was deleted. */
export function openSegment(folder: string, name: string, rowBytes: number): Segment | undefined {
  const { openSync } = builtinModule('node:fs');
  const paths = pathsOf(folder, name);
  const files: number[] = [];
  try {
    for (const path of [paths.index, paths.rows]) files.push(openSync(path, 'r'));
  } catch (error) {
    closeAll(files);
    // Another process has deleted it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const [index, rows] = files;
  const header = new Uint32Array(RECORD_WORDS);
  const isWhole = readAllSync(index, new Uint8Array(header.buffer), 0);
  if (isWhole && isIndexHeader(header, rowBytes)) return new Segment(name, rows, index, rowBytes);
  closeAll(files);
  return undefined;
}

/**
 * Appends rows to a new segment. Rows are written before their records, so a crash leaves no record without a row. Without
 * `sync`, a power loss can leave such records; the checksums of their rows then fail.
 */
export class SegmentWriter {
  readonly #rowBytes: number;
  readonly #sync: boolean;
  readonly #rows: number;
  readonly #index: number;
  #count = 0;

  constructor(folder: string, rowBytes: number, sync: boolean) {
    this.#rowBytes = rowBytes;
    this.#sync = sync;
    const { mkdirSync, openSync } = builtinModule('node:fs');
    const random = builtinModule('node:crypto').randomBytes(6).toString('hex');
    const paths = pathsOf(folder, `${process.pid.toString(36)}-${random}`);
    const files: number[] = [];
    try {
      mkdirSync(folder, { recursive: true });
      for (const path of [paths.rows, paths.index]) files.push(openSync(path, 'wx'));
      writeAllSync(files[1], bytesOf(indexHeader(rowBytes)), 0);
      if (sync) syncFolderSync(folder);
    } catch (error) {
      closeAll(files);
      throw error;
    }
    [this.#rows, this.#index] = files;
  }

  /** Number of the next row in this segment. */
  get next(): number {
    return this.#count;
  }

  /**
   * Appends rows.
   * @param bytes The rows.
   * @param records Records of the rows, numbered from `next`.
   * @throws An error of the disk. The segment then ends with the earlier rows, and must not be used again.
   */
  append(bytes: Uint8Array, records: Uint32Array): void {
    const { fsyncSync } = builtinModule('node:fs');
    const count = this.#count;
    try {
      writeAllSync(this.#rows, bytes, count * this.#rowBytes);
      if (this.#sync) fsyncSync(this.#rows);
      writeAllSync(this.#index, bytesOf(records), (count + 1) * RECORD_BYTES);
      if (this.#sync) fsyncSync(this.#index);
    } catch (error) {
      this.#truncate();
      throw error;
    }
    this.#count += records.length / RECORD_WORDS;
  }

  close(): void {
    closeAll([this.#rows, this.#index]);
  }

  /** Frees the disk space of an incomplete append. */
  #truncate(): void {
    const { ftruncateSync } = builtinModule('node:fs');
    try {
      ftruncateSync(this.#index, (this.#count + 1) * RECORD_BYTES);
      ftruncateSync(this.#rows, this.#count * this.#rowBytes);
    } catch {
      // Readers ignore leftovers: they have no valid record, or the row fails its checksum.
    }
  }
}

/** Deletes a segment. Its index goes first: rows without an index are ignored. */
export function removeSegment(folder: string, name: string): void {
  const { rmSync } = builtinModule('node:fs');
  const { index, rows } = pathsOf(folder, name);
  for (const path of [index, rows]) rmSync(path, { force: true });
}

function pathsOf(folder: string, name: string) {
  const { join } = builtinModule('node:path');
  return { rows: join(folder, `${name}.rows`), index: join(folder, `${name}.index`) };
}

function closeAll(files: readonly number[]): void {
  const { closeSync } = builtinModule('node:fs');
  for (const file of files) closeSync(file);
}

const bytesOf = (words: Uint32Array) => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
