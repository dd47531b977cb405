import * as tf from '@tensorflow/tfjs-core';
import { preprocessImages, type RgbImage } from '@unitsphere/pretrained';
import type { Teacher } from '../teacher.js';
import { FeatureCacheError } from './errors.js';
import { FeatureStore } from './feature-store.js';
import { HASH_WORDS } from './hash-index.js';
import { imageHash } from './image-hash.js';

/** How a teacher's features are kept. */
export interface CachedTeacherOptions {
  /** The cache's folder; it is made where it is missing, and may be shared by teachers and by processes. */
  folder: string;
  /** Images that the teacher sees at once. Default 32. */
  batchSize?: number;
}

/** How large a cache is, and how often it had what was asked for. */
export interface CacheStatistics {
  /** Features on disk, this process's and others'. */
  features: number;
  /** Their bytes. */
  bytes: number;
  /** Images asked for since it was opened whose feature was there. */
  hits: number;
  /** Images asked for whose feature the teacher had to give. */
  misses: number;
  /** hits / (hits + misses); 0 before the first. */
  hitRate: number;
  /** Features whose bytes no longer fitted their checksum; the teacher gave them anew. */
  damaged: number;
}

/**
 * A teacher whose features are computed once for each image and then read from disk: float16, found by the teacher's
 * fingerprint, its preprocessing and the image's content, so that a changed image or teacher never gets another one's. A run
 * that was killed goes on where it was; several processes may share a folder.
 */
export class CachedTeacher {
  readonly #store: FeatureStore;
  readonly #batchSize: number;
  #hits = 0;
  #misses = 0;

  /**
   * @throws RangeError for a batchSize that is no positive integer; FeatureCacheError where the folder cannot be used.
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

  /** Where the features are. */
  get folder(): string {
    return this.#store.folder;
  }

  /**
   * The teacher's features of clean images, to float16's precision whether they were there or not.
   * @param images RGB, of any sizes.
   * @returns float32 [images, width], not at unit length; the caller disposes of it.
   * @throws RangeError for an image whose bytes do not fit its sides; FeatureCacheError where the disk is full (what was
   * written before stays) or a feature is not finite; what the teacher throws.
   */
  async features(images: readonly RgbImage[]): Promise<tf.Tensor2D> {
    const { width } = this.teacher;
    const hashes = new Uint32Array(images.length * HASH_WORDS);
    images.forEach((image, i) => {
      imageHash(image, hashes, i * HASH_WORDS);
    });
    const values = new Float32Array(images.length * width);
    const places = images.map((_, i) => i);
    const missing = this.#fill(places, hashes, values);
    this.#hits += images.length - missing.length;
    this.#misses += missing.length;
    if (missing.length > 0) {
      await this.#compute(missing, images, hashes);
      const left = this.#fill(missing, hashes, values);
      if (left.length > 0) {
        throw new FeatureCacheError(
          `Features that were just written to ${this.folder} do not read back: the disk is failing, or something changes the files.`,
        );
      }
    }
    return tf.tensor2d(values, [images.length, width]);
  }

  /** How large it is and how often it helped. */
  get statistics(): CacheStatistics {
    const misses = this.#misses;
    const hits = this.#hits;
    const store = this.#store;
    const asked = hits + misses;
    return {
      features: store.rows,
      bytes: store.bytes,
      hits,
      misses,
      hitRate: asked ? hits / asked : 0,
      damaged: store.damaged,
    };
  }

  /** The statistics in a line, for a log. */
  describe(): string {
    const { features, bytes, hits, misses, hitRate, damaged } = this.statistics;
    const size = bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    const asked = `${hits} of ${hits + misses} asked for were there (${(100 * hitRate).toFixed(1)} %)`;
    return `${features} features of ${this.teacher.name}, ${size}; ${asked}${damaged ? `; ${damaged} damaged` : ''}`;
  }

  /** Closes the cache's files; the teacher stays. */
  close(): void {
    this.#store.close();
  }

  /** Reads the features at those places that are there. @returns The other places. */
  #fill(places: readonly number[], hashes: Uint32Array, values: Float32Array): number[] {
    const { width } = this.teacher;
    const look = (at: readonly number[]) => at.map((i) => this.#store.find(hashes, i * HASH_WORDS));
    let rows = look(places);
    if (rows.includes(-1)) {
      // Another process may have come first.
      this.#store.refresh();
      rows = look(places);
    }
    const there = places.filter((_, at) => rows[at] >= 0);
    const found = new Float32Array(there.length * width);
    const lost = new Set(
      this.#store.read(
        rows.filter((row) => row >= 0),
        found,
      ),
    );
    there.forEach((place, at) => {
      if (!lost.has(at)) values.set(found.subarray(at * width, (at + 1) * width), place * width);
    });
    const lostPlaces = there.filter((_, at) => lost.has(at));
    return [...places.filter((_, at) => rows[at] < 0), ...lostPlaces].sort((a, b) => a - b);
  }

  /** Asks the teacher for the missing ones, each image once, and keeps every batch as soon as it is there. */
  async #compute(
    missing: readonly number[],
    images: readonly RgbImage[],
    hashes: Uint32Array,
  ): Promise<void> {
    const hashOf = (i: number) => hashes.subarray(i * HASH_WORDS, (i + 1) * HASH_WORDS);
    const once = [...new Map(missing.map((i) => [hashOf(i).join(), i])).values()];
    for (let begin = 0; begin < once.length; begin += this.#batchSize) {
      const batch = once.slice(begin, begin + this.#batchSize);
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
          `${this.teacher.name} gave features of shape [${features.shape}], but [${expected}] was expected.`,
        );
      }
      return (await features.data()) as Float32Array;
    } finally {
      tf.dispose([pixels, ...(features ? [features] : [])]);
    }
  }
}
