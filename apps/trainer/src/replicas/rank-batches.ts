import type { Communicator } from '@unitsphere/collectives';
import type { BatchPart } from '../dataset/batches.js';
import { rangeOfRank } from './range-of-rank.js';
import type { ReplicaBatches } from './replica-batches.js';

/**
 * The batches of one process of an MPI group. Every process makes its own part of each training batch, so `write` takes that part.
 * Images to embed come from rank 0.
 */
export class RankBatches implements ReplicaBatches {
  readonly capacity: number;
  readonly #imageBytes: number;
  #part: BatchPart = { images: new Uint8Array(0), labels: new Int32Array(0) };
  #nextLabels: Int32Array = new Int32Array(0);
  #received: Uint8Array = new Uint8Array(0);

  /** @param batchSize Number of images of a whole batch. */
  constructor(batchSize: number, imageSize: number) {
    this.capacity = batchSize;
    this.#imageBytes = imageSize * imageSize * 3;
  }

  write(part: BatchPart, nextLabels: Int32Array = new Int32Array(0)): number {
    this.#part = part;
    this.#nextLabels = nextLabels;
    return this.capacity;
  }

  part(): BatchPart {
    return this.#part;
  }

  nextLabels(): Int32Array {
    return this.#nextLabels;
  }

  divide(communicator: Communicator, count: number, images?: Uint8Array): Uint8Array {
    const bytes = count * this.#imageBytes;
    if (!images && this.#received.length < bytes) this.#received = new Uint8Array(bytes);
    const all = images ?? this.#received.subarray(0, bytes);
    communicator.broadcast(all);
    const [from, to] = rangeOfRank(count, communicator.rank, communicator.size);
    return all.subarray(from * this.#imageBytes, to * this.#imageBytes);
  }
}
