import { createSampler, SAMPLER_NAMES, type SamplerName } from '../samplers/samplers.js';
import type { SampledClasses, StepSampler } from '../samplers/step-sampler.js';
import { numberSuperClasses } from '../samplers/super-classes.js';
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
   * How classes and images are drawn. Default `class-balanced`.
   * - `class-balanced`: each class equally often; an epoch visits each class once, with `imagesPerClass` images.
   * - `instance-balanced`: each image equally often; an epoch visits each image once (PyTorch's `RandomSampler`).
   * - `square-root`: a class in proportion to the square root of its number of images.
   * - `m-per-class`: batches of different classes with `imagesPerClass` images each (pytorch-metric-learning's `MPerClassSampler`,
   *   open-metric-learning's `BalanceSampler`).
   * - `hierarchical`: `superClassesPerBatch` super-classes a batch, and classes of each (pytorch-metric-learning's
   *   `HierarchicalSampler`). The super-class of an identity is its `superClass`, or else its name up to the last slash.
   */
  readonly sampler?: SamplerName;
  /** With `sampler: 'hierarchical'`: number of super-classes in a batch. Default 2. */
  readonly superClassesPerBatch?: number;
  /**
   * With 24 views: number of initial steps that use only whole, upright images. Views are easier to distinguish than
   * identities, and a network that sees both at once learns the views first. Default 0.
   */
  readonly uprightSteps?: number;
  /**
   * Number of consecutive images per class in a batch, all different if the class has that many. With more than one, a batch
   * contains positive pairs even for classes that were not seen before, which matters with very many classes. Default 1.
   */
  readonly imagesPerClass?: number;
}

/** Plans the samples of each step, as a pure function of the options and the step. Every batch is full. */
export class TrainingSampler {
  /** Number of classes: training identities × views. */
  readonly classCount: number;
  /** Steps per epoch of all views; fractional if an epoch ends within a batch. */
  readonly stepsPerEpoch: number;
  /** Draws the first steps, which have only whole, upright images. */
  readonly #upright: StepSampler | undefined;
  /** Draws the other steps. */
  readonly #main: StepSampler;

  readonly #options: TrainingSamplerOptions;

  /**
   * @throws RangeError if there are fewer than two classes, or the identities do not suit the sampler. Also if an identity is repeated
   * or not in the source, or an option is out of range.
   */
  constructor(options: TrainingSamplerOptions) {
    checkOptions(options);
    this.#options = options;

    const { sourceIdentities, identities, views, batchSize, seed } = options;
    const {
      sampler = 'class-balanced',
      uprightSteps = 0,
      imagesPerClass = 1,
      superClassesPerBatch = 2,
    } = options;
    this.classCount = identities.length * views;
    const classes: Omit<SampledClasses, 'views' | 'firstStep' | 'firstEpoch'> = {
      samples: Uint32Array.from(identities, (identity) => sourceIdentities[identity].samples),
      superClasses:
        sampler === 'hierarchical' ? numberSuperClasses(sourceIdentities, identities) : new Uint32Array(0),
      batchSize,
      imagesPerClass,
      superClassesPerBatch,
      seed,
    };
    this.#upright =
      uprightSteps > 0
        ? createSampler(sampler, { ...classes, views: 1, firstStep: 0, firstEpoch: 0 })
        : undefined;
    this.#main = createSampler(sampler, {
      ...classes,
      views,
      firstStep: uprightSteps,
      firstEpoch: this.#upright ? Math.ceil(uprightSteps / this.#upright.stepsPerEpoch) : 0,
    });
    this.stepsPerEpoch = this.#main.stepsPerEpoch;
  }

  /** Returns the epoch of a step's first sample, counting from 0. */
  epochOf(step: number): number {
    return this.#samplerAt(step).epochOf(step);
  }

  /**
   * Returns the samples of a step in the order of the batch.
   * @throws RangeError if the step is not a non-negative integer.
   */
  planBatch(step: number): PlannedSample[] {
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new RangeError(`TrainingSampler: the step must be a non-negative integer, not ${step}.`);
    }
    const { identities, views, batchSize } = this.#options;
    return this.#samplerAt(step)
      .draw(step)
      .map(({ position, view, sample }, i) => ({
        identity: identities[position],
        sample,
        view,
        label: classLabel(position, view, views),
        stream: step * batchSize + i,
      }));
  }

  #samplerAt(step: number): StepSampler {
    const { uprightSteps = 0 } = this.#options;
    return this.#upright && step < uprightSteps ? this.#upright : this.#main;
  }
}

function checkOptions(options: TrainingSamplerOptions): void {
  const { sourceIdentities, identities, views, batchSize, seed, uprightSteps = 0 } = options;
  const { sampler = 'class-balanced', imagesPerClass = 1 } = options;
  if (views !== 1 && views !== VIEW_COUNT) {
    throw new RangeError(`TrainingSampler: views must be 1 or ${VIEW_COUNT}, not ${views}.`);
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`TrainingSampler: batchSize must be a positive integer, not ${batchSize}.`);
  }
  if (!SAMPLER_NAMES.includes(sampler)) {
    throw new RangeError(`TrainingSampler: sampler must be ${SAMPLER_NAMES.join(', ')}, not "${sampler}".`);
  }
  if (!Number.isInteger(imagesPerClass) || imagesPerClass < 1 || batchSize % imagesPerClass !== 0) {
    throw new RangeError(
      `TrainingSampler: imagesPerClass must be a positive integer that divides batchSize (${batchSize}), not ${imagesPerClass}.`,
    );
  }
  if (sampler === 'instance-balanced' && imagesPerClass !== 1) {
    throw new RangeError(
      `TrainingSampler: instance-balanced draws images, not classes, so imagesPerClass must be 1, not ${imagesPerClass}.`,
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
}
