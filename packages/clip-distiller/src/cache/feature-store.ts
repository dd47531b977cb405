import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HASH_WORDS, RowStore, writeFileAtomicSync } from '@unitsphere/core/disk';
import { floatToHalf } from '@unitsphere/core/half';
import type { Preprocessing } from '@unitsphere/images';
import type { Teacher } from '../teacher.js';
import { FeatureCacheError, onDisk } from './errors.js';
import { halfValues } from './half-values.js';

/** Properties of a teacher on which its features depend. */
export type TeacherIdentity = Pick<Teacher, 'name' | 'fingerprint' | 'width' | 'preprocessing'>;

// Must change if the same teacher, preprocessing and image would give other features, or if the file layout changes.
const VERSION = 1;

/**
 * Features on disk in float16, found by the hash of their image. A folder contains the features of one teacher with one
 * preprocessing, in a `RowStore`: several processes may read and write at once, and damaged features count as missing.
 */
export class FeatureStore {
  /** Folder of the files, inside the cache folder. */
  readonly folder: string;
  readonly #rows: RowStore;
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
    this.#rows = new RowStore(this.folder, { rowBytes: 2 * teacher.width });
  }

  /** Number of features. */
  get rows(): number {
    return this.#rows.rows;
  }

  /** Size of the features in bytes. */
  get bytes(): number {
    return this.#rows.bytes;
  }

  /** Number of features that failed their checksum; see `RowStore`. */
  get damaged(): number {
    return this.#rows.damaged;
  }

  /** Reads the records that other processes have added. */
  refresh(): void {
    this.#rows.refresh();
  }

  /** Returns the row of an image's hash, or −1. @param words HASH_WORDS words from `at`, as `hashImage` writes them. */
  find(words: Uint32Array, at = 0): number {
    return this.#rows.find(words, at);
  }

  /**
   * Reads rows.
   * @param rows Results of `find`.
   * @param out float32 [rows.length, width], filled in the order of `rows`.
   * @returns Positions in `rows` whose features are damaged. They are not filled, and count as missing from now on.
   */
  read(rows: ArrayLike<number>, out: Float32Array): number[] {
    const values = halfValues();
    const { width } = this.#teacher;
    const halves = new Uint16Array(rows.length * width);
    const lost = this.#rows.read(rows, new Uint8Array(halves.buffer));
    const isLost = new Set(lost);
    for (let row = 0; row < rows.length; row++) {
      if (isLost.has(row)) continue;
      for (let i = row * width; i < (row + 1) * width; i++) out[i] = values[halves[i]];
    }
    return lost;
  }

  /**
   * Stores features and syncs them to the disk. Known hashes are skipped.
   * @param hashes HASH_WORDS words per feature.
   * @param features float32 [hashes, width].
   * @throws FeatureCacheError for a value that is not finite in float16, before anything is written, and for an error of the
   *   disk.
   */
  append(hashes: Uint32Array, features: Float32Array): void {
    const { width } = this.#teacher;
    const halves = new Uint16Array(features.length);
    for (let i = 0; i < hashes.length / HASH_WORDS; i++) {
      if (this.find(hashes, i * HASH_WORDS) >= 0) continue;
      for (let at = i * width; at < (i + 1) * width; at++) halves[at] = this.#toHalf(features[at], i);
    }
    onDisk(join(this.folder, 'features'), () => this.#rows.append(hashes, new Uint8Array(halves.buffer)));
  }

  /** Closes the files. */
  close(): void {
    this.#rows.close();
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
