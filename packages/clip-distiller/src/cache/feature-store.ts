import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeFileAtomicSync } from '@unitsphere/core/disk';
import { floatToHalf } from '@unitsphere/core/half';
import type { Preprocessing } from '@unitsphere/images';
import type { Teacher } from '../teacher.js';
import { FeatureCacheError, onDisk } from './errors.js';
import { halfValues } from './half-values.js';
import { doubleLength, HASH_WORDS, HashIndex } from './hash-index.js';
import { RECORD_WORDS, sealRecord } from './records.js';
import { openSegment, type Segment, SegmentWriter } from './segment.js';

/** Properties of a teacher on which its features depend. */
export type TeacherIdentity = Pick<Teacher, 'name' | 'fingerprint' | 'width' | 'preprocessing'>;

// Must change if the same teacher, preprocessing and image would give other features, or if the file layout changes.
const VERSION = 1;
/** Limit of one read, in bytes. */
const MAX_READ_BYTES = 4 * 2 ** 20;
const INDEX_ENDING = '.index';
const PLACE_WORDS = 4;

/**
 * Features on disk in float16, found by the hash of their image. A folder contains the features of one teacher with one
 * preprocessing, in segments. Each process writes its own segments, so several may read and write at once. Rows have
 * checksums: rows that a crash truncated or that are damaged count as missing.
 */
export class FeatureStore {
  /** Folder of the files, inside the cache folder. */
  readonly folder: string;
  /** Number of rows that failed their checksum. They are read from a duplicate if there is one, or count as missing. */
  damaged = 0;
  readonly #index = new HashIndex();
  readonly #segments: Segment[] = [];
  readonly #known = new Set<string>();
  #writer: SegmentWriter | undefined;
  // Four words per row of the index: its segment, its row in it, its CRC-32, and 1 + the row of a duplicate, or 0.
  #places = new Uint32Array(PLACE_WORDS * 1024);
  #duplicates = 0;
  readonly #bad = new Set<number>();

  readonly #teacher: TeacherIdentity;

  /**
   * Opens the features of a teacher, or creates their folder.
   * @param cacheFolder The cache's folder, which may also contain features of other teachers.
   * @throws FeatureCacheError if it cannot be written, or its files do not belong to this teacher.
   */
  constructor(cacheFolder: string, teacher: TeacherIdentity) {
    this.#teacher = teacher;

    const identity = formatIdentity(teacher);
    this.folder = join(cacheFolder, createHash('sha256').update(identity).digest('hex').slice(0, 24));
    onDisk(this.folder, () => mkdirSync(this.folder, { recursive: true }));
    this.#checkIdentity(identity);
    this.refresh();
  }

  /** Number of features. */
  get rows(): number {
    return this.#index.rows - this.#duplicates - this.#bad.size;
  }

  /** Size of the features in bytes. */
  get bytes(): number {
    return this.rows * this.#rowBytes;
  }

  get #rowBytes(): number {
    return 2 * this.#teacher.width;
  }

  /** Reads the records that other processes have added. */
  refresh(): void {
    for (const file of readdirSync(this.folder)) {
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

  /** Returns the row of an image's hash, or −1. @param words HASH_WORDS words from `at`, as `hashImage` writes them. */
  find(words: Uint32Array, at = 0): number {
    const row = this.#index.find(words, at);
    return this.#bad.has(row) ? -1 : row;
  }

  /**
   * Reads rows; contiguous rows are read at once.
   * @param rows Results of `find`.
   * @param out float32 [rows.length, width], filled in the order of `rows`.
   * @returns Positions in `rows` whose features are damaged. They are not filled, and count as missing from now on.
   */
  read(rows: ArrayLike<number>, out: Float32Array): number[] {
    const rowBytes = this.#rowBytes;
    const places = this.#places;
    const { width } = this.#teacher;
    const values = halfValues();
    const order = Array.from(rows, (_, i) => i).sort((a, b) => rows[a] - rows[b]);
    const maxRows = Math.max(1, Math.floor(MAX_READ_BYTES / rowBytes));
    const lost: number[] = [];
    for (let begin = 0; begin < order.length; ) {
      const first = rows[order[begin]] * PLACE_WORDS;
      const [segment, at] = [places[first], places[first + 1]];
      let end = begin + 1;
      while (end < order.length && end - begin < maxRows) {
        const next = rows[order[end]] * PLACE_WORDS;
        if (places[next] !== segment || places[next + 1] !== at + end - begin) break;
        end++;
      }
      const bytes = new Uint8Array((end - begin) * rowBytes);
      const isRead = this.#segments[segment].read(at, bytes);
      const halves = new Uint16Array(bytes.buffer);
      for (let i = begin; i < end; i++) {
        const row = rows[order[i]];
        const from = (i - begin) * width;
        const isIntact =
          isRead && crc32(bytes.subarray(2 * from, 2 * (from + width))) === places[row * PLACE_WORDS + 2];
        if (!isIntact) {
          lost.push(order[i]);
          continue;
        }
        const to = order[i] * width;
        for (let c = 0; c < width; c++) out[to + c] = values[halves[from + c]];
      }
      begin = end;
    }
    return this.#readDuplicates(lost, rows, out);
  }

  /**
   * Stores features and syncs them to the disk. Known hashes are skipped.
   * @param hashes HASH_WORDS words per feature.
   * @param features float32 [hashes, width].
   * @throws FeatureCacheError for a value that is not finite in float16, before anything is written, and for an error of the
   *   disk.
   */
  append(hashes: Uint32Array, features: Float32Array): void {
    const rowBytes = this.#rowBytes;
    const { width } = this.#teacher;
    const added: number[] = [];
    for (let i = 0; i < hashes.length / HASH_WORDS; i++)
      if (this.find(hashes, i * HASH_WORDS) < 0) added.push(i);
    if (added.length === 0) return;
    const halves = new Uint16Array(added.length * width);
    added.forEach((i, row) => {
      for (let c = 0; c < width; c++) halves[row * width + c] = this.#toHalf(features[i * width + c], i);
    });
    this.#writer ??= new SegmentWriter(this.folder, this.#rowBytes);
    const writer = this.#writer;
    const bytes = new Uint8Array(halves.buffer);
    const records = new Uint32Array(added.length * RECORD_WORDS);
    added.forEach((i, row) => {
      const at = row * RECORD_WORDS;
      records.set(hashes.subarray(i * HASH_WORDS, (i + 1) * HASH_WORDS), at);
      const crc = crc32(bytes.subarray(row * rowBytes, (row + 1) * rowBytes));
      sealRecord(records, at, writer.next + row, crc);
    });
    try {
      writer.append(bytes, records);
    } catch (error) {
      writer.close();
      this.#writer = undefined;
      throw error;
    }
    // Own rows are entered through the files, like those of other processes.
    this.refresh();
  }

  /** Closes the files. */
  close(): void {
    this.#writer?.close();
    this.#writer = undefined;
    for (const segment of this.#segments.splice(0)) segment.close();
  }

  /** Reads duplicates of damaged rows. @returns The positions without an intact duplicate. */
  #readDuplicates(lost: readonly number[], rows: ArrayLike<number>, out: Float32Array): number[] {
    if (lost.length === 0) return [];
    const places = this.#places;
    const { width } = this.#teacher;
    const damaged = new Set(lost.map((i) => rows[i]));
    for (const row of damaged) {
      this.damaged++;
      const at = row * PLACE_WORDS;
      const other = places[at + 3];
      if (other === 0) this.#bad.add(row);
      else places.copyWithin(at, (other - 1) * PLACE_WORDS, other * PLACE_WORDS);
    }
    const retried = lost.filter((i) => !this.#bad.has(rows[i]));
    const found = new Float32Array(retried.length * width);
    const stillLost = new Set(
      this.read(
        retried.map((i) => rows[i]),
        found,
      ),
    );
    retried.forEach((i, at) => {
      if (!stillLost.has(at)) out.set(found.subarray(at * width, (at + 1) * width), i * width);
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

  #toHalf(value: number, image: number): number {
    const half = floatToHalf(value);
    if ((half & 0x7c00) === 0x7c00) {
      throw new FeatureCacheError(
        `The feature of image ${image} of the batch contains ${value}, which float16 cannot represent. Check the teacher ${this.#teacher.name}.`,
      );
    }
    return half;
  }

  /** Compares teacher.json with the teacher's identity, or writes it if it does not exist. */
  #checkIdentity(identity: string): void {
    const path = join(this.folder, 'teacher.json');
    let found: string;
    try {
      found = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      onDisk(path, () => writeFileAtomicSync(path, identity));
      return;
    }
    if (found !== identity) {
      throw new FeatureCacheError(
        `${path} describes another teacher than ${this.#teacher.name}: it was changed or is damaged. Delete ${this.folder}, or choose another cache folder.`,
      );
    }
  }
}

/** Formats a teacher's identity in a canonical form: equal identities give equal text. */
function formatIdentity({ name, fingerprint, width, preprocessing }: TeacherIdentity): string {
  const { imageSize, channelOrder, mean, std } = preprocessing;
  const { cropFraction = 1, cropMode = 'center', interpolation = 'bilinear' } = preprocessing;
  const canonical: Required<Preprocessing> = {
    imageSize,
    channelOrder,
    mean,
    std,
    cropFraction,
    cropMode,
    interpolation,
  };
  return `${JSON.stringify({ version: VERSION, name, fingerprint, width, preprocessing: canonical }, null, 2)}\n`;
}
