import * as tf from '@tensorflow/tfjs-core';
import { HASH_WORDS } from '@unitsphere/core/disk';
import type { RgbImage } from '@unitsphere/images';
import { preprocessImages } from '@unitsphere/pretrained';
import type { Teacher } from '../teacher.js';
import { FeatureCacheError } from './errors.js';
import { FeatureStore } from './feature-store.js';
import { hashImage } from './image-hash.js';

/** Options of {@link CachedTeacher}. */
export interface CachedTeacherOptions {
  /** Folder of the cache. It is created if missing, and may be shared by teachers and by processes. */
  folder: string;
  /** Number of images per batch of the teacher. Default: 32. */
  batchSize?: number;
}

/** Size and hit rate of a cache. */
export interface CacheStatistics {
  /** Number of features on disk, written by this and other processes. */
  features: number;
  /** Size of these features in bytes. */
  bytes: number;
  /** Requested images whose feature was cached, since the cache was opened. */
  hits: number;
  /** Requested images whose feature the teacher computed. */
  misses: number;
  /** hits / (hits + misses); 0 before the first request. */
  hitRate: number;
  /** Features that failed their checksum and were computed again. */
  damaged: number;
}

/**
 * A teacher whose features are computed once per image and then read from disk, in float16. They are found by the teacher's
 * fingerprint, its preprocessing and the image's content, so stale features are never returned. An interrupted run keeps the
 * features computed so far, and several processes may share a folder.
 */
export class CachedTeacher {
  readonly #store: FeatureStore;
  readonly #batchSize: number;
  #hits = 0;
  #misses = 0;

  /**
   * @throws RangeError if batchSize is not a positive integer; FeatureCacheError if the folder cannot be used.
   */
  constructor(
    readonly teacher: Teacher,
    { folder, batchSize = 32 }: CachedTeacherOptions,
  ) {
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new RangeError(`CachedTeacher: batchSize must be a positive integer, but it is ${batchSize}.`);
    this.#batchSize = batchSize;
    this.#store = new FeatureStore(folder, teacher);
  }

  /** Folder of this teacher's features. */
  get folder(): string {
    return this.#store.folder;
  }

  /**
   * Returns the teacher's features of clean images. Their precision is that of float16, whether they were cached or not.
   * @param images RGB of any size.
   * @returns float32 [images, width], not normalized; the caller disposes of it.
   * @throws RangeError if an image's bytes do not match its sides; FeatureCacheError if the disk is full (earlier features are
   *   kept) or a feature is not finite; errors of the teacher.
   */
  async features(images: readonly RgbImage[]): Promise<tf.Tensor2D> {
    const { width } = this.teacher;
    const hashes = new Uint32Array(images.length * HASH_WORDS);
    images.forEach((image, i) => {
      hashImage(image, hashes, i * HASH_WORDS);
    });
    const values = new Float32Array(images.length * width);
    const all = images.map((_, i) => i);
    const missing = this.#fill(all, hashes, values);
    this.#hits += images.length - missing.length;
    this.#misses += missing.length;
    if (missing.length > 0) {
      await this.#compute(missing, images, hashes);
      const unreadable = this.#fill(missing, hashes, values);
      if (unreadable.length > 0) {
        throw new FeatureCacheError(
          `Features that were just written to ${this.folder} cannot be read back: the disk is failing, or another program changes the files.`,
        );
      }
    }
    return tf.tensor2d(values, [images.length, width]);
  }

  /** Size and hit rate of the cache. */
  get statistics(): CacheStatistics {
    const misses = this.#misses;
    const hits = this.#hits;
    const store = this.#store;
    const requests = hits + misses;
    return {
      features: store.rows,
      bytes: store.bytes,
      hits,
      misses,
      hitRate: requests ? hits / requests : 0,
      damaged: store.damaged,
    };
  }

  /** Formats the statistics as one line for a log. */
  describe(): string {
    const { features, bytes, hits, misses, hitRate, damaged } = this.statistics;
    const size = bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    const cached = `${hits} of ${hits + misses} requested were cached (${(100 * hitRate).toFixed(1)} %)`;
    return `${features} features of ${this.teacher.name}, ${size}; ${cached}${damaged ? `; ${damaged} damaged` : ''}`;
  }

  /** Closes the cache's files. The teacher is not disposed of. */
  close(): void {
    this.#store.close();
  }

  /** Reads cached features into `values`. @returns The positions of images that are not cached. */
  #fill(positions: readonly number[], hashes: Uint32Array, values: Float32Array): number[] {
    const { width } = this.teacher;
    const findRows = () => positions.map((i) => this.#store.find(hashes, i * HASH_WORDS));
    let rows = findRows();
    if (rows.includes(-1)) {
      // Another process may have written them meanwhile.
      this.#store.refresh();
      rows = findRows();
    }
    const cached = positions.filter((_, at) => rows[at] >= 0);
    const found = new Float32Array(cached.length * width);
    const lost = new Set(
      this.#store.read(
        rows.filter((row) => row >= 0),
        found,
      ),
    );
    cached.forEach((position, at) => {
      if (!lost.has(at)) values.set(found.subarray(at * width, (at + 1) * width), position * width);
    });
    const lostPositions = cached.filter((_, at) => lost.has(at));
    return [...positions.filter((_, at) => rows[at] < 0), ...lostPositions].sort((a, b) => a - b);
  }

  /** Computes the missing features, once per distinct image, and stores each batch. */
  async #compute(
    missing: readonly number[],
    images: readonly RgbImage[],
    hashes: Uint32Array,
  ): Promise<void> {
    const hashOf = (i: number) => hashes.subarray(i * HASH_WORDS, (i + 1) * HASH_WORDS);
    const distinct = [...new Map(missing.map((i) => [hashOf(i).join(), i])).values()];
    for (let begin = 0; begin < distinct.length; begin += this.#batchSize) {
      const batch = distinct.slice(begin, begin + this.#batchSize);
      const features = await this.#embed(batch.map((i) => images[i]));
      const words = new Uint32Array(batch.length * HASH_WORDS);
      batch.forEach((i, at) => {
        words.set(hashOf(i), at * HASH_WORDS);
      });
      this.#store.append(words, features);
    }
  }

  async #embed(images: readonly RgbImage[]): Promise<Float32Array> {
    const pixels = preprocessImages(images, this.teacher.preprocessing);
    let features: tf.Tensor2D | undefined;
    try {
      features = await this.teacher.embed(pixels);
      const expected = [images.length, this.teacher.width];
      if (String(features.shape) !== String(expected)) {
        throw new Error(
          `${this.teacher.name} returned features of shape [${features.shape}], but [${expected}] is required.`,
        );
      }
      return (await features.data()) as Float32Array;
    } finally {
      tf.dispose([pixels, ...(features ? [features] : [])]);
    }
  }
}
