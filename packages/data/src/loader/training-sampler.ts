import { Random } from '@unitsphere/core/random';
import type { Identity } from '../source.js';
import { classLabel, VIEW_COUNT, type ViewCount } from '../views.js';

/** One image to make. */
export interface PlannedSample {
  /** Index of the identity in the source. */
  readonly identity: number;
  /** Index of the sample of the identity. */
  readonly sample: number;
  /** View, 0 … 23; 0 is the upright whole image. */
  readonly view: number;
  /** Class label: position among the training identities × views + view. */
  readonly label: number;
  /** Position in the endless sequence of samples, from 0; the key of this sample's random stream. */
  readonly stream: number;
}

/** Options of `TrainingSampler`. */
export interface TrainingSamplerOptions {
  /** All identities of the source. */
  readonly sourceIdentities: readonly Identity[];
  /** Indices of the training identities. */
  readonly identities: readonly number[];
  /** Classes per identity: 1, or 24 to make each view a class. */
  readonly views: ViewCount;
  readonly batchSize: number;
  readonly seed: number;
  /**
   * With 24 views: number of initial steps that use only whole, upright images. Views are easier to distinguish than
   * identities, and a network that sees both at once learns the views first. Default 0.
   */
  readonly uprightSteps?: number;
  /**
   * Number of consecutive images per class in a batch. With more than one, a batch contains positive pairs even for
   * classes that were not seen before, which matters with very many classes. Default 1.
   * @see MPerClassSampler of pytorch-metric-learning.
   */
  readonly imagesPerClass?: number;
}

/**
 * Plans the samples of each step, as a pure function of the options and the step.
 *
 * An epoch visits each class once, with `imagesPerClass` images, in its own random order. Epochs follow each other
 * without a gap, so every batch is full and may contain the end of one epoch and the beginning of the next.
 */
export class TrainingSampler {
  /** Number of classes: training identities × views. */
  readonly classCount: number;
  /** Steps per epoch; fractional if the batch size does not divide the number of images in an epoch. */
  readonly stepsPerEpoch: number;
  readonly #orders = new Map<number, Uint32Array>();

  readonly #options: TrainingSamplerOptions;

  /**
   * @throws RangeError if there are fewer than two classes, an identity is repeated or not in the source, views is
   * neither 1 nor 24, the batch size is not a positive multiple of `imagesPerClass`, `uprightSteps` is not a
   * non-negative integer, or the seed is not finite.
   */
  constructor(options: TrainingSamplerOptions) {
    this.#options = options;

    const { sourceIdentities, identities, views, batchSize, seed, uprightSteps = 0 } = options;
    const { imagesPerClass = 1 } = options;
    if (views !== 1 && views !== VIEW_COUNT) {
      throw new RangeError(`TrainingSampler: views must be 1 or ${VIEW_COUNT}, not ${views}.`);
    }
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`TrainingSampler: batchSize must be a positive integer, not ${batchSize}.`);
    }
    if (!Number.isInteger(imagesPerClass) || imagesPerClass < 1 || batchSize % imagesPerClass !== 0) {
      throw new RangeError(
        `TrainingSampler: imagesPerClass must be a positive integer that divides batchSize (${batchSize}), not ${imagesPerClass}.`,
      );
    }
    if (!Number.isInteger(uprightSteps) || uprightSteps < 0) {
      throw new RangeError(
        `TrainingSampler: uprightSteps must be a non-negative integer, not ${uprightSteps}.`,
      );
    }
    if (!Number.isFinite(seed))
      throw new RangeError(`TrainingSampler: seed must be a finite number, not ${seed}.`);
    if (identities.length < 1 || identities.length * views < 2) {
      throw new RangeError(
        `TrainingSampler: ${identities.length} training identities × ${views} views are too few classes; at least 2 ` +
          'are required.',
      );
    }
    const seen = new Set<number>();
    for (const identity of identities) {
      if (!(identity in sourceIdentities) || !Number.isInteger(identity)) {
        throw new RangeError(
          `TrainingSampler: identity ${identity} is not in the source, which has ${sourceIdentities.length} identities.`,
        );
      }
      if (seen.has(identity)) throw new RangeError(`TrainingSampler: identity ${identity} is given twice.`);
      seen.add(identity);
    }
    this.classCount = identities.length * views;
    this.stepsPerEpoch = (this.classCount * imagesPerClass) / batchSize;
  }

  /** Returns the epoch of a step's first sample, counting from 0. */
  epochOf(step: number): number {
    const { batchSize, imagesPerClass = 1 } = this.#options;
    return this.#placeOf((step * batchSize) / imagesPerClass).epoch;
  }

  /**
   * Returns the samples of a step in the order of the batch.
   * @throws RangeError if the step is not a non-negative integer.
   */
  planBatch(step: number): PlannedSample[] {
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new RangeError(`TrainingSampler: the step must be a non-negative integer, not ${step}.`);
    }
    const { sourceIdentities, identities, views, batchSize, seed, imagesPerClass = 1 } = this.#options;
    const plan: PlannedSample[] = [];
    for (let i = 0; i < batchSize; i++) {
      const stream = step * batchSize + i;
      const { epoch, index, activeViews } = this.#placeOf(Math.floor(stream / imagesPerClass));
      const drawn = this.#orderOf(epoch, identities.length * activeViews)[index];
      const position = Math.floor(drawn / activeViews);
      const view = drawn % activeViews;
      const identity = identities[position];
      const sample = new Random(seed, 'sample', stream).int(sourceIdentities[identity].samples);
      plan.push({ identity, sample, view, label: classLabel(position, view, views), stream });
    }
    return plan;
  }

  /** Returns the place of a class visit in the endless sequence: upright epochs first, then epochs of all views. */
  #placeOf(visit: number): { epoch: number; index: number; activeViews: ViewCount } {
    const { identities, views, batchSize, uprightSteps = 0, imagesPerClass = 1 } = this.#options;
    const upright = (uprightSteps * batchSize) / imagesPerClass;
    if (visit < upright) {
      return {
        epoch: Math.floor(visit / identities.length),
        index: visit % identities.length,
        activeViews: 1,
      };
    }
    const since = visit - upright;
    const epochsBefore = Math.ceil(upright / identities.length);
    return {
      epoch: epochsBefore + Math.floor(since / this.classCount),
      index: since % this.classCount,
      activeViews: views,
    };
  }

  /** Returns the class order of an epoch. */
  #orderOf(epoch: number, count: number): Uint32Array {
    let order = this.#orders.get(epoch);
    if (!order) {
      // A batch usually spans at most two epochs; with millions of classes an order takes megabytes.
      if (this.#orders.size > 1) this.#orders.delete(Math.min(...this.#orders.keys()));
      order = new Random(this.#options.seed, 'order', epoch).permutation(count);
      this.#orders.set(epoch, order);
    }
    return order;
  }
}
