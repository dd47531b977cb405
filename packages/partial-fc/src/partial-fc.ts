import type * as tf from '@tensorflow/tfjs-core';
import { type Communicator, soloCommunicator } from '@unitsphere/collectives';
import type { StateDict } from '@unitsphere/core';
import { classRange } from './classes/class-range.js';
import { RowSampler } from './classes/row-sampler.js';
import { RowAdamW } from './optimizers/row-adamw.js';
import type { RowOptimizer } from './optimizers/row-optimizer.js';
import {
  checkOptions,
  createSampler,
  type PartialFCOptions,
  type PartialFCPass,
  type PartialFCResult,
  type PartialFCStep,
} from './options.js';
import { encodeCentersState, lossStateOf } from './state/centers-state.js';
import { checkShards, rowsFromShards } from './state/rank-rows.js';
import { checkBatch } from './step/check-batch.js';
import { forwardBackward, type PassContext, restoreStatistics } from './step/forward-backward.js';
import type { HeldGradient } from './step/held-gradient.js';
import { RowCatchUp } from './step/row-catch-up.js';
import { checkCenters, writeCenters } from './step/set-centers.js';
import type { CenterStore } from './stores/center-store.js';
import { deviceStore } from './stores/device-store.js';
import { normalRows } from './stores/initial-centers.js';

/**
 * PartialFC: a margin softmax over all classes, of which each step samples those of its batch and some others. Each rank
 * owns a range of the classes. The forward and backward pass run in one call, outside the gradient tape.
 *
 * Every rank draws the same sample of all classes and keeps those in its range, so the result does not depend on the number
 * of ranks, up to rounding. Cosines are float32. Embeddings and centers may have any length and are normalized here. Methods
 * are asynchronous because some backends cannot be read synchronously; do not call them inside tf.tidy.
 *
 * With a loss of several sub-centers per class, the cosine with a class is the largest of those with its sub-centers.
 * @see An et al., "Killing Two Birds with One Stone: Efficient and Robust Training of Face Recognition CNNs by Partial
 *   FC", CVPR 2022.
 */
export class PartialFC {
  readonly classes: number;
  readonly dimensions: number;
  /** Centers of each class: the loss's `subCenters`. A row of the store has them side by side. */
  readonly subCenters: number;
  /** First class of this rank, which owns the classes `firstClass` to `firstClass + store.spec.rows − 1`. */
  readonly firstClass: number;
  /** Class centers of this rank. */
  readonly store: CenterStore;
  /** Ranks that share the classes. */
  readonly communicator: Communicator;
  readonly #optimizer: RowOptimizer;
  readonly #context: PassContext;
  #stepCount = 0;
  #held: HeldGradient | undefined;
  #isBusy = false;
  #isDisposed = false;

  /** @throws RangeError or Error if an option is out of range; what the store throws. */
  constructor(options: PartialFCOptions) {
    checkOptions(options);
    const {
      classes,
      dimensions,
      loss,
      interclassFilteringThreshold = 0,
      store = deviceStore(),
      optimizer = new RowAdamW(),
      communicator = soloCommunicator(),
      seed,
      initStd = 0.01,
      initialRow = normalRows(seed, initStd),
    } = options;
    this.classes = classes;
    this.dimensions = dimensions;
    this.subCenters = loss.subCenters ?? 1;
    this.communicator = communicator;
    this.#optimizer = optimizer;
    const sampler = createSampler(options);
    const { first, count } = classRange(classes, communicator.rank, communicator.size);
    this.firstClass = first;
    const { stateNames } = optimizer;
    const width = this.subCenters * dimensions;
    this.store = store({ firstClass: first, rows: count, dimensions: width, stateNames, initialRow });
    this.#context = {
      classes,
      dimensions,
      loss,
      filterThreshold: interclassFilteringThreshold,
      communicator,
      store: this.store,
      sampler: new RowSampler(sampler, classes, this.store.spec),
      catchUp: new RowCatchUp(optimizer, sampler.samplesAll),
    };
  }

  /** Number of applied steps. */
  get stepCount(): number {
    return this.#stepCount;
  }

  /**
   * Computes the loss of a batch and its gradients. The gradient by the centers is held until `step` or `discard`. All
   * ranks call it together, each with its own rows; a rank may have no rows, but not all of them.
   * @param embeddings float32 [b, dimensions], of any length.
   * @param labels [b]: class numbers.
   * @throws RangeError if a label is out of range and NotFiniteError if an embedding or a center is not finite, both on all
   *   ranks; Error on a wrong shape or dtype, or if a gradient is still held. Nothing is changed then.
   */
  async forwardBackward(
    embeddings: tf.Tensor2D,
    labels: Int32Array,
    { nextLabels }: PartialFCPass = {},
  ): Promise<PartialFCResult> {
    this.#begin('forwardBackward');
    try {
      if (this.#held) {
        throw new Error(
          'PartialFC: a gradient is still held; call step() or discard() before the next batch.',
        );
      }
      checkBatch(embeddings, labels, this.dimensions);
      const batch = { embeddings, labels, nextLabels, stepCount: this.#stepCount };
      const { result, held } = await forwardBackward(this.#context, batch);
      this.#held = held;
      return result;
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * Applies the held gradient to the sampled rows. All ranks call it together.
   * @throws Error if no gradient is held; RangeError if `lr` or `gradientScale` is not finite; what the store throws.
   */
  async step({ lr, gradientScale = 1 }: PartialFCStep): Promise<void> {
    this.#begin('step');
    try {
      const held = this.#held;
      if (!held) throw new Error('PartialFC: no gradient is held; call forwardBackward() first.');
      if (!(Number.isFinite(lr) && lr >= 0)) {
        throw new RangeError(`PartialFC: lr must be finite and non-negative, but it is ${lr}.`);
      }
      if (!Number.isFinite(gradientScale)) {
        throw new RangeError(
          `PartialFC: gradientScale must be finite, but it is ${gradientScale}. Call discard() if the norm of the gradients is not finite.`,
        );
      }
      const step = this.#stepCount + 1;
      try {
        await held.apply(this.#optimizer, { lr, gradientScale, step });
      } catch (error) {
        restoreStatistics(this.#context.loss, held.statistics);
        throw error;
      } finally {
        this.#release();
      }
      this.#stepCount = step;
      this.#context.catchUp.recordRate(step, lr);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Drops the held gradient, if any, without a change. */
  discard(): void {
    this.#checkAlive();
    restoreStatistics(this.#context.loss, this.#held?.statistics);
    this.#release();
  }

  /**
   * Returns this rank's state: its class centers, the state of their optimizer, the step count and the statistics of the
   * loss (`loss.batch_mean` and so on), which are equal on all ranks. With a store in a file the state names a generation
   * on disk: call {@link checkpointWritten} once the checkpoint with the state is written.
   */
  async stateDict(): Promise<StateDict> {
    this.#checkIdle('stateDict');
    const { classes, firstClass, stepCount: step } = this;
    const { rows } = this.store.spec;
    const rates = this.#context.catchUp.ratesOf(step);
    const storeState = await this.store.save();
    const lossState = await this.#context.loss.statistics?.stateDict();
    return encodeCentersState({ classes, firstClass, rows, step, rates }, storeState, lossState);
  }

  /**
   * Replaces the centers of some classes. To add classes to a trained PartialFC, create one with more classes and set the
   * trained centers. The state of the optimizer is kept.
   * @param classes Class numbers, ascending. Those of other ranks are ignored.
   * @param centers float32 [classes.length, subCenters · dimensions], row-major.
   * @throws RangeError if the length is wrong or the classes are not ascending and in range; NotFiniteError if a value is
   *   not finite. Nothing is changed then. Also throws what the store throws.
   */
  async setCenters(classes: Int32Array, centers: Float32Array): Promise<void> {
    this.#checkIdle('setCenters');
    const { dimensions } = this.store.spec;
    checkCenters(classes, centers, { classCount: this.classes, dimensions });
    await writeCenters(this.store, classes, centers);
  }

  /** Confirms that the checkpoint with the state of the last `stateDict` is on disk. */
  async checkpointWritten(): Promise<void> {
    this.#checkAlive();
    await this.store.checkpointWritten();
  }

  /**
   * Restores a state of `stateDict`. The next step is the one that would have followed there.
   * @param shards States of all ranks. Their number may differ from the present one, except for centers in files.
   * @throws Error if they do not fit. Nothing is changed then.
   */
  async loadStateDict(...shards: StateDict[]): Promise<void> {
    this.#checkIdle('loadStateDict');
    const { step, rates } = checkShards(shards, this.classes);
    this.#context.catchUp.checkRates(rates, step);
    const previous = await this.#context.loss.statistics?.stateDict();
    restoreStatistics(this.#context.loss, lossStateOf(shards[0]));
    try {
      await this.store.restore(rowsFromShards(this.store.spec, shards));
    } catch (error) {
      restoreStatistics(this.#context.loss, previous);
      throw error;
    }
    this.#stepCount = step;
    this.#context.catchUp.restore(rates);
  }

  /** Disposes tensors and closes files. The instance cannot be used afterward. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#release();
    this.store.dispose();
    this.#isDisposed = true;
  }

  #checkAlive(): void {
    if (this.#isDisposed) throw new Error('PartialFC: this instance is disposed; create a new one.');
  }

  #begin(method: string): void {
    this.#checkAlive();
    if (this.#isBusy) {
      throw new Error(`PartialFC: ${method}() was called before the previous call ended; await that call.`);
    }
    this.#isBusy = true;
  }

  #checkIdle(method: string): void {
    this.#checkAlive();
    if (this.#isBusy || this.#held) {
      throw new Error(
        `PartialFC: ${method}() was called in the middle of a step; call step() or discard() first.`,
      );
    }
  }

  #release(): void {
    this.#held?.dispose();
    this.#held = undefined;
  }
}
