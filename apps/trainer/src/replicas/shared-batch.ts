import { equalParts } from '@unitsphere/collectives';

// What stands where there is no label.
const NONE = -1;

/** Images and labels of one batch. */
export interface BatchPart {
  /** N × size × size × 3 bytes. */
  images: Uint8Array;
  labels: Int32Array;
}

/** One batch in memory that all replicas see: rank 0 writes it, each takes its part from where it lies. */
export class SharedBatch {
  private constructor(
    /** Plain data: post it to the replicas. */
    readonly memory: Record<'images' | 'labels' | 'nextLabels', ArrayBuffer | SharedArrayBuffer>,
    private readonly imageBytes: number,
  ) {}

  /** Room for `capacity` images of size × size × 3 bytes. */
  static create(capacity: number, imageSize: number): SharedBatch {
    return SharedBatch.in(SharedArrayBuffer, capacity, imageSize);
  }

  /** The same for one replica alone, in memory of its own: most pages of browsers have no memory to share. */
  static createAlone(capacity: number, imageSize: number): SharedBatch {
    return SharedBatch.in(ArrayBuffer, capacity, imageSize);
  }

  private static in(
    Memory: typeof ArrayBuffer | typeof SharedArrayBuffer,
    capacity: number,
    imageSize: number,
  ): SharedBatch {
    const bytes = imageSize * imageSize * 3;
    return new SharedBatch(
      {
        images: new Memory(capacity * bytes),
        labels: new Memory(capacity * 4),
        nextLabels: new Memory(capacity * 4),
      },
      bytes,
    );
  }

  /** The same batch on another thread. */
  static open(memory: SharedBatch['memory'], imageSize: number): SharedBatch {
    return new SharedBatch(memory, imageSize * imageSize * 3);
  }

  /** How many images fit. */
  get capacity(): number {
    return this.memory.labels.byteLength / 4;
  }

  /**
   * Writes a batch, or images alone. The replicas must have read the one before.
   * @param nextLabels Those of the batch that follows, where they are known.
   */
  write(
    images: Uint8Array,
    labels: Int32Array = new Int32Array(0),
    nextLabels: Int32Array = new Int32Array(0),
  ): void {
    new Uint8Array(this.memory.images).set(images);
    new Int32Array(this.memory.labels).set(labels);
    const next = new Int32Array(this.memory.nextLabels);
    next.fill(NONE);
    next.set(nextLabels);
  }

  /** All labels of the batch that follows, as far as they were given. */
  nextLabels(): Int32Array {
    return new Int32Array(this.memory.nextLabels).filter((label) => label !== NONE);
  }

  /** A rank's part of the first `count` images, as equal as can be: views, to be read before the next write. */
  part(count: number, rank: number, ranks: number): BatchPart {
    const parts = equalParts(count, ranks);
    const from = parts.slice(0, rank).reduce((sum, part) => sum + part, 0);
    const length = parts[rank]!;
    return {
      images: new Uint8Array(this.memory.images, from * this.imageBytes, length * this.imageBytes),
      labels: new Int32Array(this.memory.labels, from * 4, length).slice(),
    };
  }
}
