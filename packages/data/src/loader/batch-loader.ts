import { Augmentation, type AugmentationOptions } from '../augment/augmentation.js';
import { FolderSource } from '../folder/folder-source.js';
import { isSourceSpec, type OpenSourceHandlers, openSource, type SourceSpec } from '../open-source.js';
import type { ImageSource } from '../source.js';
import type { ViewCount } from '../views.js';
import { browserWorkers } from './browser-worker.js';
import { makeSamples } from './make-samples.js';
import { type PlannedSample, TrainingSampler } from './training-sampler.js';
import { WorkerPool } from './worker-pool.js';

/** A batch of training images. */
export interface Batch {
  /** From 0, or from `fromStep`. */
  readonly step: number;
  /** The epoch of its first image, from 0. */
  readonly epoch: number;
  /** N × size × size × 3 bytes: RGB, 0 … 255, row-major. The caller's own. */
  readonly images: Uint8Array;
  /** The clean image of each, the same view unaugmented, if they were asked for: as `images`. */
  readonly clean?: Uint8Array;
  /** N class labels in [0, classCount). */
  readonly labels: Int32Array;
  /** How long `next` had to wait for it, in milliseconds; near 0 where the data keeps up with the training. */
  readonly waitedMs: number;
}

/** What batches to make, and with what means. */
export interface BatchLoaderOptions extends OpenSourceHandlers {
  /** A specification, or (only without workers) a source already opened. */
  readonly source: SourceSpec | ImageSource;
  /** Indices of the identities to train on; default all. */
  readonly identities?: readonly number[];
  /** Classes per identity: 1, or 24 for each view a class of its own; default 1. */
  readonly views?: ViewCount;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly batchSize: number;
  readonly seed: number;
  /** With 24 views: so many first steps take whole, upright images only; see `TrainingSampler`. Default 0. */
  readonly uprightSteps?: number;
  /** Images of a class that follow each other in a batch; see `TrainingSampler`. Default 1. */
  readonly imagesPerClass?: number;
  /** Default: DocClassifier's augmentation; `false` for none. */
  readonly augment?: AugmentationOptions | false;
  /** Whether every image's clean one is made too; default false. */
  readonly clean?: boolean;
  /** Worker threads; 0 (the default) makes each batch when it is asked for, on the caller's thread. */
  readonly workers?: number;
  /** Batches made ahead, with workers; default 2 a worker. */
  readonly prefetch?: number;
  /** The first step to give, to go on with a run; default 0. */
  readonly fromStep?: number;
  /** Where the worker's file is, if a bundler has moved it from beside this package's own. */
  readonly workerFile?: URL;
  /** In a browser: makes a worker whose module calls `serveDataWorker`. */
  readonly createWorker?: () => Worker;
}

/**
 * Makes training batches in order of step, ahead of time on worker threads or on the caller's own thread.
 * Step n's batch depends on the source, the identities, the options and n alone: not on the number of workers, nor on
 * the step the loader began at.
 */
export class BatchLoader {
  #step: number;
  readonly #ahead = new Map<number, Promise<Uint8Array>>();
  #closed = false;
  #failure: Error | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  readonly #maker: Maker;
  readonly #prefetch: number;
  readonly #clean: boolean;

  private constructor(
    /** The opened source. */
    readonly source: ImageSource,
    /** Which samples each step has. */
    readonly sampler: TrainingSampler,
    maker: Maker,
    prefetch: number,
    clean: boolean,
    fromStep: number,
  ) {
    this.#maker = maker;
    this.#prefetch = prefetch;
    this.#clean = clean;

    this.#step = fromStep;
    this.#fill();
  }

  /**
   * Opens the source, checks the options and starts the workers.
   * @throws RangeError or TypeError for options out of range, and whatever opening the source throws.
   */
  static async create(options: BatchLoaderOptions): Promise<BatchLoader> {
    const { views = 1, size, batchSize, seed, augment = {}, workers = 0, fromStep = 0 } = options;
    const { clean = false } = options;
    checkInteger('size', size, 1);
    checkInteger('workers', workers, 0);
    checkInteger('fromStep', fromStep, 0);
    const prefetch = options.prefetch ?? 2 * workers;
    checkInteger('prefetch', prefetch, workers === 0 ? 0 : 1);
    const augmentation = augment === false ? undefined : new Augmentation(augment);
    const isSpec = isSourceSpec(options.source);
    if (workers > 0 && !isSpec) {
      throw new TypeError(
        'BatchLoader: a source already opened cannot be sent to workers. Give its specification ({ kind: … }; ' +
          '"module" for a source of your own), or set workers to 0.',
      );
    }
    const source = isSpec
      ? await openSource(options.source as SourceSpec, options)
      : (options.source as ImageSource);
    const sampler = new TrainingSampler({
      sourceIdentities: source.identities,
      identities: options.identities ?? source.identities.map((_, index) => index),
      views,
      batchSize,
      seed,
      uprightSteps: options.uprightSteps,
      imagesPerClass: options.imagesPerClass,
    });
    let maker: Maker;
    if (workers === 0) {
      maker = {
        make: ({ plan }) => makeSamples({ source, size, seed, augmentation, clean }, plan),
        hold: () => {},
        close: async () => {},
      };
    } else {
      const { createWorker, workerFile } = options;
      const startWorker = createWorker
        ? browserWorkers(createWorker)
        : (await import('./node-worker.js')).nodeWorkers(workerFile);
      const sent =
        source instanceof FolderSource ? { folder: source.share() } : { spec: options.source as SourceSpec };
      maker = new WorkerPool(workers, { source: sent, size, seed, augment, clean }, startWorker);
    }
    return new BatchLoader(source, sampler, maker, workers === 0 ? 0 : prefetch, clean, fromStep);
  }

  /** How many classes the labels name: training identities × views. */
  get classCount(): number {
    return this.sampler.classCount;
  }

  /** The labels of a step's batch, before or after it is made. */
  labelsAt(step: number): Int32Array {
    return labelsOf(this.sampler.batchPlan(step));
  }

  /**
   * The next batch. Calls may overlap; each gets the step after the one before.
   * @throws Error naming the identity or the worker that failed, the same for every later call; or if closed.
   */
  next(): Promise<Batch> {
    const batch = this.#turn.then(() => this.#take());
    this.#turn = batch.catch(() => {});
    return batch;
  }

  /** Ends the workers; a `next` still waiting rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#maker.close(new Error('BatchLoader: closed while a batch was waited for.'));
  }

  async #take(): Promise<Batch> {
    if (this.#failure) throw this.#failure;
    if (this.#closed) throw new Error('BatchLoader: next() after close().');
    const started = performance.now();
    const step = this.#step++;
    const plan = this.sampler.batchPlan(step);
    this.#maker.hold(true);
    try {
      const made = await (this.#ahead.get(step) ?? this.#maker.make({ step, plan }));
      const half = this.#clean ? made.length / 2 : made.length;
      this.#ahead.delete(step);
      this.#fill();
      return {
        step,
        epoch: this.sampler.epochOf(step),
        images: made.subarray(0, half),
        ...(this.#clean && { clean: made.subarray(half) }),
        labels: labelsOf(plan),
        waitedMs: performance.now() - started,
      };
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw this.#failure;
    } finally {
      this.#maker.hold(false);
    }
  }

  #fill(): void {
    for (let step = this.#step; step < this.#step + this.#prefetch; step++) {
      if (this.#ahead.has(step)) continue;
      const made = this.#maker.make({ step, plan: this.sampler.batchPlan(step) });
      // Reported by the `next` that comes to it.
      made.catch(() => {});
      this.#ahead.set(step, made);
    }
  }
}

const labelsOf = (plan: readonly PlannedSample[]) => Int32Array.from(plan, ({ label }) => label);

/** Makes a step's images: here, or in workers. */
interface Maker {
  make(job: { step: number; plan: PlannedSample[] }): Promise<Uint8Array>;
  hold(waited: boolean): void;
  close(reason: Error): Promise<void>;
}

function checkInteger(name: string, value: number, minimum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw new RangeError(`BatchLoader: ${name} must be an integer from ${minimum}, not ${value}.`);
  }
}
