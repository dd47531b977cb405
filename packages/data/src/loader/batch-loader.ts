import { Augmentation, type AugmentationOptions } from '../augment/augmentation.js';
import { DecodedSource } from '../encoded/decoded-source.js';
import { isSourceSpec, type OpenSourceOptions, openSource, type SourceSpec } from '../open-source.js';
import type { SamplerName } from '../samplers/samplers.js';
import type { ImageSource } from '../source.js';
import type { ViewCount } from '../views.js';
import { browserWorkers } from './browser-worker.js';
import { type MadeSamples, makeSamples } from './make-samples.js';
import type { MakingTimes } from './making-times.js';
import { type PlannedSample, TrainingSampler } from './training-sampler.js';
import { WorkerPool } from './worker-pool.js';

/** A batch of training images. */
export interface Batch {
  /** Step of the training; the first batch has step `fromStep`. */
  readonly step: number;
  /** Epoch of the first image, counting from 0. */
  readonly epoch: number;
  /** Images: N × size × size × 3 bytes, RGB, 0 … 255, row-major. Owned by the caller. */
  readonly images: Uint8Array;
  /** The same views of the clean images, in the layout of `images`; only with `clean: true`. */
  readonly clean?: Uint8Array;
  /** Class labels: N integers in [0, classCount). */
  readonly labels: Int32Array;
  /** Time in milliseconds that `next` waited for the batch; near 0 if the data keeps up with the training. */
  readonly waitedMs: number;
  /** What the making of the batch took, in milliseconds of its thread. */
  readonly times: MakingTimes;
}

/** Options of `BatchLoader`. */
export interface BatchLoaderOptions extends OpenSourceOptions {
  /** Specification of the source, or an open source: with workers a `DecodedSource`, whose memory they share. */
  readonly source: SourceSpec | ImageSource;
  /** Indices of the training identities; default all. */
  readonly identities?: readonly number[];
  /** Classes per identity: 1, or 24 to make each view a class; default 1. */
  readonly views?: ViewCount;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly batchSize: number;
  readonly seed: number;
  /** How classes and images are drawn; see `TrainingSampler`. Default `class-balanced`. */
  readonly sampler?: SamplerName;
  /** With `sampler: 'hierarchical'`: number of super-classes in a batch. Default 2. */
  readonly superClassesPerBatch?: number;
  /** With 24 views: number of initial steps with whole, upright images only; see `TrainingSampler`. Default 0. */
  readonly uprightSteps?: number;
  /** Number of consecutive images per class in a batch; see `TrainingSampler`. Default 1. */
  readonly imagesPerClass?: number;
  /** Augmentation options; default DocClassifier's augmentation; `false` disables it. */
  readonly augment?: AugmentationOptions | false;
  /** Whether to also return the clean images; default false. */
  readonly clean?: boolean;
  /** Number of worker threads; 0 (the default) makes each batch on demand on the caller's thread. */
  readonly workers?: number;
  /** Number of batches to make ahead, with workers; default 2 per worker. */
  readonly prefetch?: number;
  /** First step, to resume a run; default 0. */
  readonly fromStep?: number;
  /** Positions of the images of every batch that this loader makes, from the first to before the last; default all. */
  readonly part?: readonly [from: number, to: number];
  /** URL of the worker file, if a bundler has moved it away from this package's files. */
  readonly workerFile?: URL;
  /** Creates a worker whose module calls `serveDataWorker`; required for workers in a browser. */
  readonly createWorker?: () => Worker;
}

/**
 * Makes training batches in the order of steps, ahead of time on worker threads or on demand on the caller's thread.
 * Deterministic: a step's batch does not depend on the number of workers or on the first step.
 */
export class BatchLoader {
  #step: number;
  readonly #ahead = new Map<number, Promise<MadeSamples>>();
  #closed = false;
  #failure: Error | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  readonly #maker: Maker;
  readonly #prefetch: number;
  readonly #clean: boolean;
  readonly #part: BatchLoaderOptions['part'];

  private constructor(
    /** The open source. */
    readonly source: ImageSource,
    /** Plans the samples of each step. */
    readonly sampler: TrainingSampler,
    maker: Maker,
    {
      prefetch,
      clean,
      fromStep,
      part,
    }: Pick<BatchLoaderOptions, 'part'> & {
      prefetch: number;
      clean: boolean;
      fromStep: number;
    },
  ) {
    this.#maker = maker;
    this.#prefetch = prefetch;
    this.#clean = clean;
    this.#part = part;

    this.#step = fromStep;
    this.#fill();
  }

  /**
   * Opens the source, checks the options and starts the workers.
   * @throws RangeError or TypeError for invalid options.
   * @throws Any error of opening the source.
   */
  static async create(options: BatchLoaderOptions): Promise<BatchLoader> {
    const { views = 1, size, batchSize, seed, augment = {}, workers = 0, fromStep = 0 } = options;
    const { clean = false } = options;
    checkInteger('size', size, 1);
    checkInteger('workers', workers, 0);
    checkInteger('fromStep', fromStep, 0);
    checkPart(options.part, batchSize);
    const prefetch = options.prefetch ?? 2 * workers;
    checkInteger('prefetch', prefetch, workers === 0 ? 0 : 1);
    const augmentation = augment === false ? undefined : new Augmentation(augment);
    const isSpec = isSourceSpec(options.source);
    if (workers > 0 && !isSpec && !(options.source instanceof DecodedSource)) {
      throw new TypeError(
        'BatchLoader: an open source cannot be sent to workers. Give its specification ({ kind: … }; use kind: ' +
          '"module" for a custom source), or set workers: 0.',
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
      sampler: options.sampler,
      superClassesPerBatch: options.superClassesPerBatch,
      uprightSteps: options.uprightSteps,
      imagesPerClass: options.imagesPerClass,
    });
    let maker: Maker;
    if (workers === 0) {
      maker = {
        make: ({ plan }) => makeSamples({ source, size, seed, augmentation, clean }, plan),
        setWaiting: () => {},
        close: async () => {},
      };
    } else {
      const { createWorker, workerFile } = options;
      const startWorker = createWorker
        ? browserWorkers(createWorker)
        : (await import('./node-worker.js')).nodeWorkers(workerFile);
      const sharedSource =
        source instanceof DecodedSource ? { images: source.share() } : { spec: options.source as SourceSpec };
      maker = new WorkerPool(workers, { source: sharedSource, size, seed, augment, clean }, startWorker);
    }
    const ahead = workers === 0 ? 0 : prefetch;
    return new BatchLoader(source, sampler, maker, { prefetch: ahead, clean, fromStep, part: options.part });
  }

  /** Number of classes: training identities × views. */
  get classCount(): number {
    return this.sampler.classCount;
  }

  /** Returns the labels of a step's whole batch, whether or not it has been made. */
  labelsAt(step: number): Int32Array {
    return labelsOf(this.sampler.planBatch(step));
  }

  /**
   * Returns the next batch. Calls may overlap; they get consecutive steps.
   * @throws Error naming the identity or worker that failed (every later call throws the same error).
   * @throws Error if the loader is closed.
   */
  next(): Promise<Batch> {
    const batch = this.#turn.then(() => this.#take());
    this.#turn = batch.catch(() => {});
    return batch;
  }

  /** Terminates the workers; pending calls of `next` reject. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#maker.close(new Error('BatchLoader: closed while a batch was pending.'));
  }

  async #take(): Promise<Batch> {
    if (this.#failure) throw this.#failure;
    if (this.#closed) throw new Error('BatchLoader: next() was called after close().');
    const started = performance.now();
    const step = this.#step++;
    const plan = this.#plan(step);
    this.#maker.setWaiting(true);
    try {
      const { images, times } = await (this.#ahead.get(step) ?? this.#maker.make({ step, plan }));
      const half = this.#clean ? images.length / 2 : images.length;
      this.#ahead.delete(step);
      this.#fill();
      return {
        step,
        epoch: this.sampler.epochOf(step),
        images: images.subarray(0, half),
        ...(this.#clean && { clean: images.subarray(half) }),
        labels: labelsOf(plan),
        waitedMs: performance.now() - started,
        times,
      };
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw this.#failure;
    } finally {
      this.#maker.setWaiting(false);
    }
  }

  /** Returns the samples of a step that this loader makes. */
  #plan(step: number): PlannedSample[] {
    const plan = this.sampler.planBatch(step);
    return this.#part ? plan.slice(...this.#part) : plan;
  }

  /** Starts making the batches ahead of the current step. */
  #fill(): void {
    for (let step = this.#step; step < this.#step + this.#prefetch; step++) {
      if (this.#ahead.has(step)) continue;
      const made = this.#maker.make({ step, plan: this.#plan(step) });
      // The error is reported by the call of `next` for this step.
      made.catch(() => {});
      this.#ahead.set(step, made);
    }
  }
}

const labelsOf = (plan: readonly PlannedSample[]) => Int32Array.from(plan, ({ label }) => label);

/** Makes the images of steps, on this thread or in workers. */
interface Maker {
  make(job: { step: number; plan: PlannedSample[] }): Promise<MadeSamples>;
  /** Sets whether a caller is waiting, which keeps the process alive. */
  setWaiting(isWaiting: boolean): void;
  close(reason: Error): Promise<void>;
}

function checkPart(part: BatchLoaderOptions['part'], batchSize: number): void {
  if (!part) return;
  const [from, to] = part;
  checkInteger('the beginning of part', from, 0);
  checkInteger('the end of part', to, from + 1);
  if (to > batchSize) {
    throw new RangeError(`BatchLoader: part ends at ${to}, after the batch of ${batchSize} images.`);
  }
}

function checkInteger(name: string, value: number, minimum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw new RangeError(`BatchLoader: ${name} must be an integer ≥ ${minimum}, not ${value}.`);
  }
}
