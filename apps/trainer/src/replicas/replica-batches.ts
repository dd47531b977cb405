import type { Communicator } from '@unitsphere/collectives';
import type { BatchPart } from '../dataset/batches.js';

/** How each replica gets its part of the images. */
export interface ReplicaBatches {
  /** Largest number of images at once. */
  readonly capacity: number;

  /**
   * Stores the images that rank 0 has made for a step. The replicas must have read the previous batch.
   * @param nextLabels Labels of the next batch, if known.
   * @returns The number of images of the whole batch.
   */
  write(batch: BatchPart, nextLabels?: Int32Array): number;

  /** Returns a rank's part of the first `count` images; parts differ by at most one image. Valid until the next write. */
  part(count: number, rank: number, ranks: number): BatchPart;

  /** Returns the labels of the next batch, empty if unknown. */
  nextLabels(): Int32Array;

  /**
   * Returns this rank's part of images to embed. Collective.
   * @param images All images, on rank 0.
   */
  divide(communicator: Communicator, count: number, images?: Uint8Array): Uint8Array;
}
