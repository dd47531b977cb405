import { type PlannedSample, TrainingSampler } from '@unitsphere/data';
import type { Config } from '../config/config.js';
import type { Dataset } from '../dataset/dataset.js';
import { samplerOptions } from '../dataset/dataset-images.js';

/** A teacher's features of a training's clean images. */
export interface TeacherFeatures {
  /** Values per feature. */
  readonly width: number;
  /** Returns the features of planned samples: samples × width, row-major. */
  of(plan: readonly PlannedSample[]): Float32Array;
}

/** What the teacher and its images determine of a {@link FeatureTable}. */
export interface FeatureShape {
  /** Values per feature. */
  width: number;
  /** Number of images that the teacher sees at once. */
  batchSize: number;
  /** Whether all samples of an identity show the same picture, so that it has one clean image per view. */
  isCleanPerIdentity: boolean;
}

/** The features of every distinct clean image of a training's steps, in the order in which the steps need them. */
export class FeatureTable implements TeacherFeatures {
  readonly #shape: FeatureShape;
  readonly #samples: readonly PlannedSample[];
  /** Row of each image by its key. */
  readonly #rows: ReadonlyMap<string, number>;
  readonly #values: Float32Array;

  constructor(config: Config, dataset: Dataset, shape: FeatureShape) {
    this.#shape = shape;
    const sampler = new TrainingSampler(samplerOptions(config, dataset));
    const planned = new Map<string, PlannedSample>();
    for (let step = 0; step < config.training.steps; step++) {
      for (const sample of sampler.planBatch(step)) planned.set(this.#keyOf(sample), sample);
    }
    this.#samples = [...planned.values()];
    this.#rows = new Map([...planned.keys()].map((key, row) => [key, row]));
    this.#values = new Float32Array(planned.size * shape.width);
  }

  get width(): number {
    return this.#shape.width;
  }

  /** Number of images. */
  get size(): number {
    return this.#samples.length;
  }

  /** Yields the images in batches, with the index of the first and the memory of their features, which the caller fills. */
  *batches(): Generator<{ begin: number; samples: readonly PlannedSample[]; values: Float32Array }> {
    const { width, batchSize } = this.#shape;
    for (let begin = 0; begin < this.size; begin += batchSize) {
      const samples = this.#samples.slice(begin, begin + batchSize);
      const values = this.#values.subarray(begin * width, (begin + samples.length) * width);
      yield { begin, samples, values };
    }
  }

  of(plan: readonly PlannedSample[]): Float32Array {
    const { width } = this;
    const found = new Float32Array(plan.length * width);
    plan.forEach((sample, i) => {
      const row = this.#rows.get(this.#keyOf(sample));
      if (row === undefined) throw new Error(`FeatureTable: sample ${this.#keyOf(sample)} was not planned.`);
      found.set(this.#values.subarray(row * width, (row + 1) * width), i * width);
    });
    return found;
  }

  #keyOf({ identity, sample, view }: PlannedSample): string {
    return `${identity} ${this.#shape.isCleanPerIdentity ? 0 : sample} ${view}`;
  }
}
