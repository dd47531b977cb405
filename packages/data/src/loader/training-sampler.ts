import { Random } from '@unitsphere/core/random';
import type { Identity } from '../source.js';
import { classLabel, VIEW_COUNT, type ViewCount } from '../views.js';

/** One image to make: everything but the source, the size and the augmentation. */
export interface PlannedSample {
  /** Index of the identity in the source. */
  readonly identity: number;
  readonly sample: number;
  readonly view: number;
  /** Position of the identity among the training identities × views + view. */
  readonly label: number;
  /** Names this sample's own random stream: its place in the endless sequence of samples, from 0. */
  readonly stream: number;
}

/** What a training run draws its samples from. */
export interface TrainingSamplerOptions {
  /** All identities of the source. */
  readonly sourceIdentities: readonly Identity[];
  /** Indices of those to train on. */
  readonly identities: readonly number[];
  /** Classes per identity: 1, or 24 for each view a class. */
  readonly views: ViewCount;
  readonly batchSize: number;
  readonly seed: number;
  /**
   * With 24 views: so many first steps take each image whole and upright, before its other views come in. Views are
   * easier to tell apart than identities, and a network that sees both at once learns the views first. Default 0.
   */
  readonly uprightSteps?: number;
  /**
   * Images of a class that follow each other in a batch. With several a batch says which images belong together even where
   * it meets a class for the first time: with very many classes that is most of them. Default 1.
   * @see MPerClassSampler of pytorch-metric-learning.
   */
  readonly imagesPerClass?: number;
}

/**
 * Which samples each step trains on, as a pure function of the options and the step.
 *
 * An epoch visits each class once, with as many images as `imagesPerClass` says, in an order of its own; epochs follow each other without a gap, so every batch is
 * full and one batch in an epoch may hold the end of it and the beginning of the next.
 */
export class TrainingSampler {
  /** How many classes there are: training identities × views. */
  readonly classCount: number;
  /** Steps in an epoch; a fraction when the batch size does not divide the classes. */
  readonly stepsPerEpoch: number;
  readonly #orders = new Map<number, Uint32Array>();

  readonly #options: TrainingSamplerOptions;

  /**
   * @throws RangeError if the identities are fewer than two, repeated or not in the source, views is neither 1 nor
   * 24, or the batch size is not a positive integer or no multiple of `imagesPerClass`.
   */
  constructor(options: TrainingSamplerOptions) {
    this.#options = options;

    const { sourceIdentities, identities, views, batchSize, seed, uprightSteps = 0 } = options;
    const { imagesPerClass = 1 } = options;
    if (views !== 1 && views !== VIEW_COUNT) {
      throw new RangeError(`TrainingSampler: views must be 1 or ${VIEW_COUNT}, not ${views}.`);
    }
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`TrainingSampler: the batch size must be a positive integer, not ${batchSize}.`);
    }
    if (!Number.isInteger(imagesPerClass) || imagesPerClass < 1 || batchSize % imagesPerClass !== 0) {
      throw new RangeError(
        `TrainingSampler: imagesPerClass must be an integer from 1 that divides the batch size, ${batchSize}; it is ${imagesPerClass}.`,
      );
    }
    if (!Number.isInteger(uprightSteps) || uprightSteps < 0) {
      throw new RangeError(
        `TrainingSampler: uprightSteps must be an integer of at least 0, not ${uprightSteps}.`,
      );
    }
    if (!Number.isFinite(seed))
      throw new RangeError(`TrainingSampler: the seed must be a number, not ${seed}.`);
    if (identities.length < 1 || identities.length * views < 2) {
      throw new RangeError(
        `TrainingSampler: ${identities.length} training identities × ${views} views are too few classes; at least 2 ` +
          'are needed to tell apart.',
      );
    }
    const seen = new Set<number>();
    for (const identity of identities) {
      if (!(identity in sourceIdentities) || !Number.isInteger(identity)) {
        throw new RangeError(
          `TrainingSampler: identity ${identity} is not in the source, which has ${sourceIdentities.length}.`,
        );
      }
      if (seen.has(identity)) throw new RangeError(`TrainingSampler: identity ${identity} is given twice.`);
      seen.add(identity);
    }
    this.classCount = identities.length * views;
    this.stepsPerEpoch = (this.classCount * imagesPerClass) / batchSize;
  }

  /** The epoch of a step's first sample, from 0. */
  epochOf(step: number): number {
    const { batchSize, imagesPerClass = 1 } = this.#options;
    return this.#placeOf((step * batchSize) / imagesPerClass).epoch;
  }

  /**
   * The samples of a step, in the order of the batch.
   * @throws RangeError if the step is not an integer from 0.
   */
  batchPlan(step: number): PlannedSample[] {
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new RangeError(`TrainingSampler: the step must be an integer from 0, not ${step}.`);
    }
    const { sourceIdentities, identities, views, batchSize, seed, imagesPerClass = 1 } = this.#options;
    const plan: PlannedSample[] = [];
    for (let i = 0; i < batchSize; i++) {
      const stream = step * batchSize + i;
      const { epoch, index, viewsUsed } = this.#placeOf(Math.floor(stream / imagesPerClass));
      const drawn = this.#orderOf(epoch, identities.length * viewsUsed)[index];
      const position = Math.floor(drawn / viewsUsed);
      const view = drawn % viewsUsed;
      const identity = identities[position];
      const sample = new Random(seed, 'sample', stream).int(sourceIdentities[identity].samples);
      plan.push({ identity, sample, view, label: classLabel(position, view, views), stream });
    }
    return plan;
  }

  /** Where a visit of the endless sequence lies: first the epochs of upright images, then those of all views. */
  #placeOf(visit: number): { epoch: number; index: number; viewsUsed: ViewCount } {
    const { identities, views, batchSize, uprightSteps = 0, imagesPerClass = 1 } = this.#options;
    const upright = (uprightSteps * batchSize) / imagesPerClass;
    if (visit < upright) {
      return {
        epoch: Math.floor(visit / identities.length),
        index: visit % identities.length,
        viewsUsed: 1,
      };
    }
    const since = visit - upright;
    const epochsBefore = Math.ceil(upright / identities.length);
    return {
      epoch: epochsBefore + Math.floor(since / this.classCount),
      index: since % this.classCount,
      viewsUsed: views,
    };
  }

  #orderOf(epoch: number, count: number): Uint32Array {
    let order = this.#orders.get(epoch);
    if (!order) {
      // Two neighboring epochs are enough for any batch; millions of classes take megabytes an epoch.
      if (this.#orders.size > 1) this.#orders.delete(Math.min(...this.#orders.keys()));
      order = new Random(this.#options.seed, 'order', epoch).permutation(count);
      this.#orders.set(epoch, order);
    }
    return order;
  }
}
