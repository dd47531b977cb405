import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeFileAtomic } from '@unitsphere/core/disk';
import { floatToHalf } from '@unitsphere/core/half';
import type { Preprocessing } from '@unitsphere/pretrained';
import type { Teacher } from '../teacher.js';
import { FeatureCacheError, onDisk } from './errors.js';
import { halfValues } from './half-values.js';
import { doubled, HASH_WORDS, HashIndex } from './hash-index.js';
import { RECORD_WORDS, sealRecord } from './records.js';
import { openSegment, type Segment, SegmentWriter } from './segment.js';

/** What of a teacher decides about its features. */
export type TeacherIdentity = Pick<Teacher, 'name' | 'fingerprint' | 'width' | 'preprocessing'>;

// Changes where the same teacher, preprocessing and image would give other features, or the files another layout.
const VERSION = 1;
const MOST_BYTES_AT_ONCE = 4 * 2 ** 20;
const INDEX_ENDING = '.index';
const PLACE_WORDS = 4;

/**
 * Features on disk as float16, found by the hash of their image. One folder holds those of one teacher with one
 * preprocessing, in segments: each process that writes has its own, so several may read and write at once. Rows carry a
 * checksum; what a crash has cut off is not listed, and what is damaged is not given.
 */
export class FeatureStore {
  /** Where the files are: a folder inside that of the cache. */
  readonly folder: string;
  /** Rows that failed their checksum; they are read from where else they are, or count as missing. */
  damaged = 0;
  readonly #index = new HashIndex();
  readonly #segments: Segment[] = [];
  readonly #known = new Set<string>();
  #writer: SegmentWriter | undefined;
  // Of each row of the index: which segment, where in it, its CRC-32, and 1 + the row where the same feature is once more.
  #places = new Uint32Array(PLACE_WORDS * 1024);
  #repeated = 0;
  readonly #bad = new Set<number>();

  readonly #teacher: TeacherIdentity;

  /**
   * Opens or begins the features of a teacher.
   * @param cacheFolder The cache's folder, which may hold those of other teachers too.
   * @throws FeatureCacheError where it cannot be written, or holds something else under this teacher's name.
   */
  constructor(cacheFolder: string, teacher: TeacherIdentity) {
    this.#teacher = teacher;

    const identity = identityText(teacher);
    this.folder = join(cacheFolder, createHash('sha256').update(identity).digest('hex').slice(0, 24));
    onDisk(this.folder, () => mkdirSync(this.folder, { recursive: true }));
    this.#checkIdentity(identity);
    this.refresh();
  }

  /** Features that are there. */
  get rows(): number {
    return this.#index.rows - this.#repeated - this.#bad.size;
  }

  /** Bytes of the features that are there. */
  get bytes(): number {
    return this.rows * this.#rowBytes;
  }

  get #rowBytes(): number {
    return 2 * this.#teacher.width;
  }

  /** Takes in what other processes have written since. */
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

  /** The row of an image's hash, or −1. @param words HASH_WORDS words from `at`, as `imageHash` gives them. */
  find(words: Uint32Array, at = 0): number {
    const row = this.#index.find(words, at);
    return this.#bad.has(row) ? -1 : row;
  }

  /**
   * Reads rows, those that lie together at once.
   * @param rows As `find` gave them.
   * @param out float32 [rows.length, width], filled in their order.
   * @returns The places in `rows` whose bytes are damaged: they count as missing from now on, and nothing was filled there.
   */
  read(rows: ArrayLike<number>, out: Float32Array): number[] {
    const rowBytes = this.#rowBytes;
    const places = this.#places;
    const { width } = this.#teacher;
    const values = halfValues();
    const order = Array.from(rows, (_, i) => i).sort((a, b) => rows[a] - rows[b]);
    const mostRows = Math.max(1, Math.floor(MOST_BYTES_AT_ONCE / rowBytes));
    const lost: number[] = [];
    for (let begin = 0; begin < order.length; ) {
      const first = rows[order[begin]] * PLACE_WORDS;
      const [segment, at] = [places[first], places[first + 1]];
      let end = begin + 1;
      while (end < order.length && end - begin < mostRows) {
        const next = rows[order[end]] * PLACE_WORDS;
        if (places[next] !== segment || places[next + 1] !== at + end - begin) break;
        end++;
      }
      const bytes = new Uint8Array((end - begin) * rowBytes);
      const isThere = this.#segments[segment].read(at, bytes);
      const halves = new Uint16Array(bytes.buffer);
      for (let i = begin; i < end; i++) {
        const row = rows[order[i]];
        const from = (i - begin) * width;
        const sound =
          isThere && crc32(bytes.subarray(2 * from, 2 * (from + width))) === places[row * PLACE_WORDS + 2];
        if (!sound) {
          lost.push(order[i]);
          continue;
        }
        const to = order[i] * width;
        for (let c = 0; c < width; c++) out[to + c] = values[halves[from + c]];
      }
      begin = end;
    }
    return this.#readAgain(lost, rows, out);
  }

  /**
   * Keeps features; they are on the disk when it returns. A hash that is there already is not written again.
   * @param hashes HASH_WORDS words each.
   * @param features float32 [hashes, width].
   * @throws FeatureCacheError for a value that is no finite float16, before anything is written, and where the disk refuses.
   */
  append(hashes: Uint32Array, features: Float32Array): void {
    const rowBytes = this.#rowBytes;
    const { width } = this.#teacher;
    const fresh: number[] = [];
    for (let i = 0; i < hashes.length / HASH_WORDS; i++)
      if (this.find(hashes, i * HASH_WORDS) < 0) fresh.push(i);
    if (fresh.length === 0) return;
    const halves = new Uint16Array(fresh.length * width);
    fresh.forEach((i, row) => {
      for (let c = 0; c < width; c++) halves[row * width + c] = this.#half(features[i * width + c], i);
    });
    this.#writer ??= this.#newSegment();
    const bytes = new Uint8Array(halves.buffer);
    const records = new Uint32Array(fresh.length * RECORD_WORDS);
    fresh.forEach((i, row) => {
      const at = row * RECORD_WORDS;
      records.set(hashes.subarray(i * HASH_WORDS, (i + 1) * HASH_WORDS), at);
      const crc = crc32(bytes.subarray(row * rowBytes, (row + 1) * rowBytes));
      sealRecord(records, at, this.#writer!.next + row, crc);
    });
    try {
      this.#writer.append(bytes, records);
    } catch (error) {
      this.#writer.close();
      this.#writer = undefined;
      throw error;
    }
    // Through the files, as for everyone else's.
    this.refresh();
  }

  /** Closes the files. */
  close(): void {
    this.#writer?.close();
    this.#writer = undefined;
    for (const segment of this.#segments.splice(0)) segment.close();
  }

  #newSegment(): SegmentWriter {
    return new SegmentWriter(this.folder, this.#rowBytes);
  }

  /** Reads damaged rows from where else they are. @returns The places whose feature is whole nowhere. */
  #readAgain(lost: readonly number[], rows: ArrayLike<number>, out: Float32Array): number[] {
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
    const again = lost.filter((i) => !this.#bad.has(rows[i]));
    const found = new Float32Array(again.length * width);
    const still = new Set(
      this.read(
        again.map((i) => rows[i]),
        found,
      ),
    );
    again.forEach((i, at) => {
      if (!still.has(at)) out.set(found.subarray(at * width, (at + 1) * width), i * width);
    });
    return lost.filter((i) => this.#bad.has(rows[i]));
  }

  #enter(words: Uint32Array, at: number, segment: number, place: number, crc: number): void {
    const known = this.find(words, at);
    // Where there is one of this hash, and it is not damaged, it stays, and this one stands behind it.
    const row = this.#index.add(words, at, known < 0);
    if (PLACE_WORDS * (row + 1) > this.#places.length) this.#places = doubled(this.#places);
    const places = this.#places;
    places.set([segment, place, crc, 0], row * PLACE_WORDS);
    if (known < 0) return;
    places[row * PLACE_WORDS + 3] = places[known * PLACE_WORDS + 3];
    places[known * PLACE_WORDS + 3] = row + 1;
    this.#repeated++;
  }

  #half(value: number, image: number): number {
    const half = floatToHalf(value);
    if ((half & 0x7c00) === 0x7c00) {
      throw new FeatureCacheError(
        `The feature of image ${image} of the batch holds ${value}, which float16 cannot keep: ${this.#teacher.name} has no finite features of ordinary size.`,
      );
    }
    return half;
  }

  /** Writes down whose features these are, and holds what is there against it. */
  #checkIdentity(identity: string): void {
    const path = join(this.folder, 'teacher.json');
    let found: string;
    try {
      found = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      onDisk(path, () => writeFileAtomic(path, new TextEncoder().encode(identity)));
      return;
    }
    if (found !== identity) {
      throw new FeatureCacheError(
        `${path} describes another teacher than ${this.#teacher.name}: it was changed or is damaged. Delete ${this.folder}, or name another folder for the cache.`,
      );
    }
  }
}

/** Everything that decides about a feature but the image, always written the same way. */
function identityText({ name, fingerprint, width, preprocessing }: TeacherIdentity): string {
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
