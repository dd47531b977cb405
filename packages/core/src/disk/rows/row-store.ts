import { builtinModule } from '../builtin-module.js';
import { doubleLength, HASH_WORDS, HashIndex } from './hash-index.js';
import { RECORD_WORDS, sealRecord } from './records.js';
import { openSegment, removeSegment, type Segment, SegmentWriter } from './segment.js';

/** Options of {@link RowStore}. */
export interface RowStoreOptions {
  /** Bytes of a row. */
  rowBytes: number;
  /**
   * Whether `append` waits until the rows are on the disk. Without it, a power loss loses the last rows, which then count
   * as missing. Default: true.
   */
  sync?: boolean;
}

/** Limit of one read, in bytes. */
const MAX_READ_BYTES = 4 * 2 ** 20;
const INDEX_ENDING = '.index';
const PLACE_WORDS = 4;

/**
 * Rows of equal length on disk, found by a hash. They lie in the segments of a folder. Each process writes its own segments,
 * so several may read and write at once. Rows have checksums: rows that a crash truncated or that are damaged count as
 * missing.
 */
export class RowStore {
  readonly folder: string;
  /** Number of rows that failed their checksum. They are read from a duplicate if there is one, or count as missing. */
  damaged = 0;
  readonly #rowBytes: number;
  readonly #sync: boolean;
  #index = new HashIndex();
  readonly #segments: Segment[] = [];
  readonly #known = new Set<string>();
  #writer: SegmentWriter | undefined;
  // Four words per row of the index: its segment, its row in it, its CRC-32, and 1 + the row of a duplicate, or 0.
  #places = new Uint32Array(PLACE_WORDS * 1024);
  #duplicates = 0;
  readonly #bad = new Set<number>();
  #scratch = new Uint8Array(0);

  /** Opens the rows of a folder. A folder that does not exist has none; `append` creates it. */
  constructor(folder: string, { rowBytes, sync = true }: RowStoreOptions) {
    this.folder = folder;
    this.#rowBytes = rowBytes;
    this.#sync = sync;
    this.refresh();
  }

  /** Number of rows. */
  get rows(): number {
    return this.#index.rows - this.#duplicates - this.#bad.size;
  }

  /** Size of the rows in bytes. */
  get bytes(): number {
    return this.rows * this.#rowBytes;
  }

  /** Reads the records that other processes have added. */
  refresh(): void {
    for (const file of listFolder(this.folder)) {
      const name = file.slice(0, -INDEX_ENDING.length);
      if (!file.endsWith(INDEX_ENDING) || this.#known.has(name)) continue;
      const segment = openSegment(this.folder, name, this.#rowBytes);
      if (!segment) continue;
      this.#known.add(name);
      this.#segments.push(segment);
    }
    this.#segments.forEach((segment, number) => {
      segment.readRecords(
        (count) => this.#index.reserve(this.#index.rows + count),
        (words, at, row) => this.#enter(words, at, number, row, words[at + HASH_WORDS]),
      );
    });
  }

  /** Returns the row of a hash, or −1. @param words The hash: `HASH_WORDS` words from `at`. */
  find(words: Uint32Array, at = 0): number {
    const row = this.#index.find(words, at);
    return this.#bad.has(row) ? -1 : row;
  }

  /**
   * Reads rows; contiguous rows are read at once.
   * @param rows Results of `find`; −1 counts as missing.
   * @param out Filled with the rows, in the order of `rows`.
   * @returns Positions in `rows` that are missing or damaged; their bytes are undefined. Damaged rows count as missing from
   * now on.
   */
  read(rows: ArrayLike<number>, out: Uint8Array): number[] {
    const { crc32 } = builtinModule('node:zlib');
    const rowBytes = this.#rowBytes;
    const places = this.#places;
    const order = Array.from(rows, (_, i) => i).sort((a, b) => rows[a] - rows[b]);
    const missing = order.filter((i) => rows[i] < 0);
    const maxRows = Math.max(1, Math.floor(MAX_READ_BYTES / rowBytes));
    const lost: number[] = [];
    for (let begin = missing.length; begin < order.length; ) {
      const first = rows[order[begin]] * PLACE_WORDS;
      const [segment, at] = [places[first], places[first + 1]];
      let end = begin + 1;
      let isInOrder = true;
      while (end < order.length && end - begin < maxRows) {
        const next = rows[order[end]] * PLACE_WORDS;
        if (places[next] !== segment || places[next + 1] !== at + end - begin) break;
        isInOrder &&= order[end] === order[begin] + end - begin;
        end++;
      }
      const length = (end - begin) * rowBytes;
      const start = order[begin] * rowBytes;
      const bytes = isInOrder ? out.subarray(start, start + length) : this.#scratchOf(length);
      const isRead = this.#segments[segment].read(at, bytes);
      for (let i = begin; i < end; i++) {
        const row = bytes.subarray((i - begin) * rowBytes, (i - begin + 1) * rowBytes);
        const isIntact = isRead && crc32(row) === places[rows[order[i]] * PLACE_WORDS + 2];
        if (!isIntact) lost.push(order[i]);
        else if (!isInOrder) out.set(row, order[i] * rowBytes);
      }
      begin = end;
    }
    return [...missing, ...this.#readDuplicates(lost, rows, out)];
  }

  /**
   * Stores rows. Known hashes are skipped.
   * @param hashes `HASH_WORDS` words per row.
   * @param bytes The rows.
   * @throws An error of the disk; earlier rows are kept.
   */
  append(hashes: Uint32Array, bytes: Uint8Array): void {
    const added: number[] = [];
    for (let i = 0; i < hashes.length / HASH_WORDS; i++)
      if (this.find(hashes, i * HASH_WORDS) < 0) added.push(i);
    if (added.length === 0) return;
    this.#writer ??= new SegmentWriter(this.folder, this.#rowBytes, this.#sync);
    try {
      writeRows(this.#writer, this.#rowBytes, hashes, bytes, added);
    } catch (error) {
      this.#writer.close();
      this.#writer = undefined;
      throw error;
    }
    // Own rows are entered through the files, like those of other processes.
    this.refresh();
  }

  /**
   * Deletes all rows but those of the given hashes, by copying these to a new segment. Rows that other processes add
   * meanwhile can be lost.
   * @param hashes `HASH_WORDS` words per row that is kept.
   */
  compact(hashes: Uint32Array): void {
    const rowBytes = this.#rowBytes;
    const kept = new RowStore(this.folder, { rowBytes, sync: this.#sync });
    const old = [...kept.#known];
    const batch = Math.max(1, Math.floor(MAX_READ_BYTES / rowBytes));
    const writer = new SegmentWriter(this.folder, rowBytes, this.#sync);
    try {
      for (let from = 0; from < hashes.length; from += batch * HASH_WORDS) {
        const part = hashes.subarray(from, from + batch * HASH_WORDS);
        const rows = Array.from({ length: part.length / HASH_WORDS }, (_, i) =>
          kept.find(part, i * HASH_WORDS),
        );
        const bytes = new Uint8Array(rows.length * rowBytes);
        const lost = new Set(kept.read(rows, bytes));
        const found = [...rows.keys()].filter((i) => !lost.has(i));
        writeRows(writer, rowBytes, part, bytes, found);
      }
    } finally {
      writer.close();
      kept.close();
      this.close();
    }
    for (const name of old) removeSegment(this.folder, name);
    this.#index = new HashIndex();
    this.#known.clear();
    this.#bad.clear();
    this.#duplicates = 0;
    this.refresh();
  }

  /** Closes the files. */
  close(): void {
    this.#writer?.close();
    this.#writer = undefined;
    for (const segment of this.#segments.splice(0)) segment.close();
  }

  #scratchOf(length: number): Uint8Array {
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    return this.#scratch.subarray(0, length);
  }

  /** Reads duplicates of damaged rows. @returns The positions without an intact duplicate. */
  #readDuplicates(lost: readonly number[], rows: ArrayLike<number>, out: Uint8Array): number[] {
    if (lost.length === 0) return [];
    const places = this.#places;
    const rowBytes = this.#rowBytes;
    const damaged = new Set(lost.map((i) => rows[i]));
    for (const row of damaged) {
      this.damaged++;
      const at = row * PLACE_WORDS;
      const other = places[at + 3];
      if (other === 0) this.#bad.add(row);
      else places.copyWithin(at, (other - 1) * PLACE_WORDS, other * PLACE_WORDS);
    }
    const retried = lost.filter((i) => !this.#bad.has(rows[i]));
    const found = new Uint8Array(retried.length * rowBytes);
    const stillLost = new Set(
      this.read(
        retried.map((i) => rows[i]),
        found,
      ),
    );
    retried.forEach((i, at) => {
      if (!stillLost.has(at)) out.set(found.subarray(at * rowBytes, (at + 1) * rowBytes), i * rowBytes);
    });
    return lost.filter((i) => this.#bad.has(rows[i]));
  }

  /** Enters a record into the index. */
  #enter(words: Uint32Array, at: number, segment: number, place: number, crc: number): void {
    const known = this.find(words, at);
    // An intact row of the same hash stays, and this row becomes its duplicate.
    const row = this.#index.add(words, at, known < 0);
    if (PLACE_WORDS * (row + 1) > this.#places.length) this.#places = doubleLength(this.#places);
    const places = this.#places;
    places.set([segment, place, crc, 0], row * PLACE_WORDS);
    if (known < 0) return;
    places[row * PLACE_WORDS + 3] = places[known * PLACE_WORDS + 3];
    places[known * PLACE_WORDS + 3] = row + 1;
    this.#duplicates++;
  }
}

/** Appends those rows to a segment whose positions are in `added`. */
function writeRows(
  writer: SegmentWriter,
  rowBytes: number,
  hashes: Uint32Array,
  bytes: Uint8Array,
  added: readonly number[],
): void {
  const { crc32 } = builtinModule('node:zlib');
  const isAll = added.length * rowBytes === bytes.length;
  const written = isAll ? bytes : new Uint8Array(added.length * rowBytes);
  const records = new Uint32Array(added.length * RECORD_WORDS);
  for (const [row, i] of added.entries()) {
    const at = row * RECORD_WORDS;
    const source = bytes.subarray(i * rowBytes, (i + 1) * rowBytes);
    if (!isAll) written.set(source, row * rowBytes);
    records.set(hashes.subarray(i * HASH_WORDS, (i + 1) * HASH_WORDS), at);
    sealRecord(records, at, writer.next + row, crc32(source));
  }
  writer.append(written, records);
}

function listFolder(folder: string): string[] {
  try {
    return builtinModule('node:fs').readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
