import type { Communicator } from '@unitsphere/collectives';
import type { BatchPart } from '../dataset/batches.js';
import { rangeOfRank } from './range-of-rank.js';
import type { ReplicaBatches } from './replica-batches.js';
import type { SharedBatch } from './shared-batch.js';

/** Where the replicas of a process have the part of a batch that the process makes. */
export interface OwnPart {
  /** Memory of the part, which the replicas share. */
  own: SharedBatch;
  /** Position of the part in the whole batch. */
  first: number;
  /** The replicas of the process. */
  threads: Communicator;
}

/**
 * The batches of one process of an MPI group. Every process makes its own part of each training batch, so `write` takes that part, and
 * its replicas share it. Images to embed come from rank 0.
 */
export class RankBatches implements ReplicaBatches {
  readonly capacity: number;
  readonly #imageBytes: number;
  readonly #part: OwnPart;
  #received: Uint8Array = new Uint8Array(0);

  /** @param batchSize Number of images of a whole batch. */
  constructor(batchSize: number, imageSize: number, part: OwnPart) {
    this.capacity = batchSize;
    this.#imageBytes = imageSize * imageSize * 3;
    this.#part = part;
  }

  write(part: BatchPart, nextLabels?: Int32Array): number {
    this.#part.own.write(part, nextLabels);
    return this.capacity;
  }

  /** All replicas of the process call it once for each batch, after its first one has written the part. */
  part(count: number, rank: number, ranks: number): BatchPart {
    const { own, first, threads } = this.#part;
    threads.barrier();
    const [from, to] = rangeOfRank(count, rank, ranks);
    return own.slice(from - first, to - first);
  }

  nextLabels(): Int32Array {
    return this.#part.own.nextLabels();
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
