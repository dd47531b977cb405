import type { Communicator } from '@unitsphere/collectives';
import type { Config } from '../config/config.js';
import type { BatchPart } from '../dataset/batches.js';
import { rangeOfRank } from './range-of-rank.js';
import type { ReplicaBatches } from './replica-batches.js';

// Marks unused entries of the labels.
const NONE = -1;

/** The additional arrays of a batch for a teacher. */
export interface TeacherArrays {
  /** Values per feature. */
  width: number;
  /** Whether a batch has clean images in addition to the augmented ones. */
  clean: boolean;
}

/** Options of {@link SharedBatch.create}. */
export interface SharedBatchOptions {
  /** The arrays for a teacher, if there is one. */
  teacher?: TeacherArrays;
  /** Largest number of labels of the next batch. Default: the capacity. */
  labels?: number;
}

/** Returns the arrays that a batch of a config has for its teacher. @param width Values per feature, if the config distills. */
export function teacherArrays({ distillation }: Config, width?: number): TeacherArrays | undefined {
  return width ? { width, clean: distillation?.batch === 'augmented+clean' } : undefined;
}

type Memory = ArrayBuffer | SharedArrayBuffer;

/** One batch in shared memory: rank 0 writes it, and each replica reads its part in place. */
export class SharedBatch implements ReplicaBatches {
  readonly #imageBytes: number;

  private constructor(
    /** Plain data: post it to the replicas. */
    readonly memory: Record<'images' | 'labels' | 'nextLabels', Memory> &
      Partial<Record<'clean' | 'features', Memory>>,
    imageBytes: number,
  ) {
    this.#imageBytes = imageBytes;
  }

  /** Allocates shared memory for `capacity` images of size × size × 3 bytes. */
  static create(capacity: number, imageSize: number, options?: SharedBatchOptions): SharedBatch {
    return SharedBatch.#in(SharedArrayBuffer, capacity, imageSize, options);
  }

  /** Allocates unshared memory for a single replica: a page without cross-origin isolation has no shared memory. */
  static createAlone(capacity: number, imageSize: number): SharedBatch {
    return SharedBatch.#in(ArrayBuffer, capacity, imageSize);
  }

  static #in(
    Memory: typeof ArrayBuffer | typeof SharedArrayBuffer,
    capacity: number,
    imageSize: number,
    { teacher, labels = capacity }: SharedBatchOptions = {},
  ): SharedBatch {
    const bytes = imageSize * imageSize * 3;
    return new SharedBatch(
      {
        images: new Memory(capacity * bytes),
        labels: new Memory(capacity * 4),
        nextLabels: new Memory(labels * 4),
        ...(teacher && { features: new Memory(capacity * teacher.width * 4) }),
        ...(teacher?.clean && { clean: new Memory(capacity * bytes) }),
      },
      bytes,
    );
  }

  /** Opens the same batch on another thread. */
  static open(memory: SharedBatch['memory'], imageSize: number): SharedBatch {
    return new SharedBatch(memory, imageSize * imageSize * 3);
  }

  /** Largest number of images. */
  get capacity(): number {
    return this.memory.labels.byteLength / 4;
  }

  /** Clean images and features are ignored if the memory was allocated without them. */
  write({ images, labels, clean, features }: BatchPart, nextLabels: Int32Array = new Int32Array(0)): number {
    if (clean && this.memory.clean) new Uint8Array(this.memory.clean).set(clean);
    if (features && this.memory.features) new Float32Array(this.memory.features).set(features);
    new Uint8Array(this.memory.images).set(images);
    new Int32Array(this.memory.labels).set(labels);
    const next = new Int32Array(this.memory.nextLabels);
    next.fill(NONE);
    next.set(nextLabels);
    return labels.length;
  }

  divide(communicator: Communicator, count: number, images?: Uint8Array): Uint8Array {
    if (images) new Uint8Array(this.memory.images).set(images);
    communicator.barrier();
    return this.part(count, communicator.rank, communicator.size).images;
  }

  nextLabels(): Int32Array {
    return new Int32Array(this.memory.nextLabels).filter((label) => label !== NONE);
  }

  part(count: number, rank: number, ranks: number): BatchPart {
    return this.slice(...rangeOfRank(count, rank, ranks));
  }

  /** Returns some of the images. Image arrays are views, valid until the next write. */
  slice(from: number, to: number): BatchPart {
    const length = to - from;
    const imagesOf = (memory: Memory) =>
      new Uint8Array(memory, from * this.#imageBytes, length * this.#imageBytes);
    const { images, labels, clean, features } = this.memory;
    const width = (features?.byteLength ?? 0) / 4 / this.capacity;
    return {
      images: imagesOf(images),
      labels: new Int32Array(labels, from * 4, length).slice(),
      ...(clean && { clean: imagesOf(clean) }),
      ...(features && { features: new Float32Array(features, from * width * 4, length * width).slice() }),
    };
  }
}
