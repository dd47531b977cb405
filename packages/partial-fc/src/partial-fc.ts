import * as tf from '@tensorflow/tfjs-core';
import { type Communicator, soloCommunicator } from '@unitsphere/collectives';
import type { StateDict } from '@unitsphere/core';
import type { LabelMarginLoss, SavedStatistics } from '@unitsphere/margin-losses';
import { gatherRows, l2Normalize, l2NormalizeGradient, sumSquares } from '@unitsphere/ops';
import type { CenterStore, RowBlock, StoreFactory } from './center-store.js';
import { classRange } from './class-range.js';
import { deviceStore } from './device-store.js';
import { NotFiniteError } from './errors.js';
import { fusedSoftmax } from './fused-softmax.js';
import { lossStateOf, readHeadState, rowsFromShards, withHeadState } from './head-state.js';
import { type InitialRow, normalRows } from './initial-centers.js';
import { matrixSoftmax } from './matrix-softmax.js';
import { RowAdamW } from './row-adamw.js';
import type { RowOptimizer } from './row-optimizer.js';
import { ClassSampler, type Sampler } from './sample-classes.js';
import { softmaxOverRanks } from './softmax-over-ranks.js';

/** How a PartialFC is made. */
export interface PartialFCOptions {
  /** How many classes there are, over all ranks. */
  classes: number;
  /** The length of an embedding and of a class center. */
  dimensions: number;
  /**
   * The margin and the scale. Its statistics, where it has any, are this head's: they follow the batches of all ranks, and
   * its state holds them.
   */
  loss: LabelMarginLoss;
  /** The part of the classes that a step samples, in (0, 1]. Default 1: all, which is the full softmax. */
  sampleRate?: number;
  /** In its place: how many classes a step samples. */
  sampledClasses?: number;
  /** In place of both: what chooses the classes. Default: uniform, seeded. */
  sampler?: Sampler;
  /**
   * Interclass filtering, as in insightface: a cosine above this with a class that is not the label's counts as 0 and
   * has no gradient, since the two classes may be one. In [0, 1); default 0: none.
   */
  interclassFilteringThreshold?: number;
  /** Where the class centers live. Default deviceStore(). */
  store?: StoreFactory;
  /** What updates them. Default new RowAdamW(). */
  optimizer?: RowOptimizer;
  /** The ranks that share the classes. Default: one rank. */
  communicator?: Communicator;
  /** Of the samples and of the first centers; equal on all ranks. */
  seed: number;
  /** Standard deviation of the first centers. Default 0.01. */
  initStd?: number;
  /** In its place: what a class's first center is. A function of the class alone, equal on all ranks. */
  initialRow?: InitialRow;
}

/** What may be said beside a batch. */
export interface PartialFCPass {
  /**
   * The labels of the next batch, of all ranks where they are known: a store in a file then reads their rows, too, while
   * this pass computes. Those of the other classes of the next sample it always does.
   */
  nextLabels?: Int32Array;
}

/** What one pass gives. */
export interface PartialFCResult {
  /** The loss's mean over all ranks' rows. */
  loss: number;
  /** float32 [b, dimensions]: its gradient by this rank's embeddings; the caller's to dispose. */
  embeddingGradient: tf.Tensor2D;
  /** The sum of the squares of its gradient by this rank's class centers; the sum over ranks is that of all. */
  gradientSquareSum: number;
}

/** How the held gradient is applied. */
export interface PartialFCStep {
  /** Learning rate. */
  lr: number;
  /** Multiplies the gradient (clipping, undoing a loss scale); finite. Default 1. */
  gradientScale?: number;
}

const ONE_SAMPLING = 'PartialFC: give one of sampleRate, sampledClasses and sampler.';

interface HeldRows {
  block: RowBlock;
  gradient: tf.Tensor2D;
}

interface Held {
  /** Absent where this rank has no sampled class. */
  rows?: HeldRows;
  /** The loss's statistics before the batch, for where its gradient is dropped. */
  statistics?: StateDict;
}

/**
 * PartialFC: the margin softmax over all classes, of which a step samples those of its batch and some others, each rank
 * owning a range of them. Forward and backward in one call by hand, not on the tape.
 *
 * Every rank draws the same sample of all classes and keeps those in its range, so any number of ranks computes what one
 * does. Cosines are float32. Methods are asynchronous since some backends cannot be read otherwise; they must not be
 * called inside tf.tidy. Embeddings and centers are stored at any length and normalized here.
 * @see An et al., "Killing Two Birds with One Stone: Efficient and Robust Training of Face Recognition CNNs by Partial
 *   FC", CVPR 2022.
 */
export class PartialFC {
  readonly classes: number;
  readonly dimensions: number;
  /** This rank's classes: `firstClass` to `firstClass + store.spec.rows − 1`. */
  readonly firstClass: number;
  /** This rank's class centers. */
  readonly store: CenterStore;
  readonly #loss: LabelMarginLoss;
  readonly #filterThreshold: number;
  readonly #optimizer: RowOptimizer;
  readonly #communicator: Communicator;
  readonly #sampler: Sampler;
  #stepCount = 0;
  #rates = new Float64Array(0);
  /** Whether all rows are known to be up to date. */
  #upToDate = false;
  #held: Held | undefined;
  #busy = false;
  #disposed = false;

  /** @throws RangeError or Error where an option is out of range; what the store throws. */
  constructor({
    classes,
    dimensions,
    loss,
    sampleRate,
    sampledClasses,
    sampler,
    interclassFilteringThreshold = 0,
    store = deviceStore(),
    optimizer = new RowAdamW(),
    communicator = soloCommunicator(),
    seed,
    initStd = 0.01,
    initialRow,
  }: PartialFCOptions) {
    this.classes = checkCount('classes', classes);
    this.dimensions = checkCount('dimensions', dimensions);
    if (!(interclassFilteringThreshold >= 0 && interclassFilteringThreshold < 1)) {
      throw new RangeError(
        `PartialFC: interclassFilteringThreshold must be in [0, 1), but it is ${interclassFilteringThreshold}.`,
      );
    }
    if (sampler && (sampleRate ?? sampledClasses) !== undefined) throw new Error(ONE_SAMPLING);
    if (!Number.isFinite(seed)) throw new RangeError(`PartialFC: seed must be a finite number, not ${seed}.`);
    if (!(Number.isFinite(initStd) && initStd > 0)) {
      throw new RangeError(`PartialFC: initStd must be a finite number above 0, but it is ${initStd}.`);
    }
    this.#loss = loss;
    this.#filterThreshold = interclassFilteringThreshold;
    this.#optimizer = optimizer;
    this.#communicator = communicator;
    this.#sampler =
      sampler ?? new ClassSampler(classes, sampleSize(classes, sampleRate, sampledClasses), seed);
    const { first, count } = classRange(classes, communicator.rank, communicator.size);
    this.firstClass = first;
    this.store = store({
      firstClass: first,
      rows: count,
      dimensions,
      stateNames: optimizer.stateNames,
      initialRow: initialRow ?? normalRows(seed, initStd),
    });
  }

  /** How many steps were applied. */
  get stepCount(): number {
    return this.#stepCount;
  }

  /**
   * One batch: the loss and its gradients. The centers' gradient is held for step() or discard(). All ranks call it
   * together, each with rows of its own; a rank may have none, but not all.
   * @param embeddings float32 [b, dimensions], of any length.
   * @param labels [b]: class numbers.
   * @throws RangeError where a label is no class, NotFiniteError where an embedding or a center is no finite number: on
   *   all ranks. Error on a wrong shape or dtype, or where a gradient is still held. Nothing is changed then.
   */
  async forwardBackward(
    embeddings: tf.Tensor2D,
    labels: Int32Array,
    { nextLabels }: PartialFCPass = {},
  ): Promise<PartialFCResult> {
    this.#begin('forwardBackward');
    // Everything made on the way; what is kept is taken out.
    const made = new Set<tf.Tensor>();
    const track = <T extends tf.Tensor>(tensor: T): T => {
      made.add(tensor);
      return tensor;
    };
    let block: RowBlock | undefined;
    let statistics: StateDict | undefined;
    try {
      if (this.#held) {
        throw new Error(
          'PartialFC: a gradient is still held; call step() or discard() before the next batch.',
        );
      }
      this.#checkBatch(embeddings, labels);
      const communicator = this.#communicator;
      const counts = [...communicator.allGather(Int32Array.of(labels.length))];
      const allLabels = communicator.allGather(labels);
      this.#checkLabels(allLabels, counts);
      const unit = labels.length > 0 ? track(l2Normalize(embeddings)) : undefined;
      const allUnit = await this.#gatherEmbeddings(unit, allLabels.length, track);
      const norms = this.#loss.needsNorms ? await this.#gatherNorms(embeddings, track) : undefined;

      const rows = this.#sampleRows(allLabels, this.#stepCount);
      if (rows.length > 0) {
        block = await this.store.gather(rows, this.#preparation());
        this.#prefetch(nextLabels);
      }
      statistics = await this.#loss.statistics?.stateDict();
      const softmaxPart = this.#loss.negatives ? matrixSoftmax : fusedSoftmax;
      const { sums, backward } = await softmaxPart({
        loss: this.#loss,
        filterThreshold: this.#filterThreshold,
        communicator,
        embeddings: allUnit,
        norms,
        centers: block?.centers,
        columns: columnsOf(allLabels, rows, this.firstClass),
        track,
      });
      const softmax = softmaxOverRanks(sums, this.#loss.scale, communicator);
      if (softmax.notFinite >= 0) throw await this.#notFinite(embeddings, softmax.notFinite, counts);

      const gradient = backward(softmax);
      if (gradient) {
        track(gradient.dEmbeddings);
        track(gradient.dCenters);
      }
      const dUnit = await this.#scatterEmbeddings(gradient?.dEmbeddings, allLabels.length, counts, track);
      const embeddingGradient =
        unit && dUnit
          ? track(l2NormalizeGradient(embeddings, dUnit))
          : track(tf.zeros<tf.Rank.R2>([0, this.dimensions]));
      const squares = gradient ? track(sumSquares(gradient.dCenters)) : undefined;
      const gradientSquareSum = squares ? (await squares.data())[0] : 0;
      this.#held = { statistics };
      if (block && gradient) {
        this.#held.rows = { block, gradient: gradient.dCenters };
        made.delete(gradient.dCenters);
      }
      made.delete(embeddingGradient);
      return { loss: softmax.loss, embeddingGradient, gradientSquareSum };
    } catch (error) {
      this.#restoreStatistics(statistics);
      throw error;
    } finally {
      tf.dispose([...made]);
      if (!this.#held?.rows) block?.dispose();
      this.#busy = false;
    }
  }

  /**
   * Applies the held gradient to the sampled rows. All ranks call it together.
   * @throws Error where no gradient is held; RangeError where lr or gradientScale is not finite; what the store throws.
   */
  async step({ lr, gradientScale = 1 }: PartialFCStep): Promise<void> {
    this.#begin('step');
    try {
      if (!this.#held) throw new Error('PartialFC: no gradient is held; call forwardBackward() first.');
      if (!(Number.isFinite(lr) && lr >= 0)) {
        throw new RangeError(`PartialFC: lr must be a finite number of at least 0, but it is ${lr}.`);
      }
      if (!Number.isFinite(gradientScale)) {
        throw new RangeError(
          `PartialFC: gradientScale is ${gradientScale}. Call discard() where the gradients' norm is not finite.`,
        );
      }
      const { rows, statistics } = this.#held;
      const step = this.#stepCount + 1;
      try {
        if (rows) await this.#update(rows, lr, gradientScale, step);
      } catch (error) {
        this.#restoreStatistics(statistics);
        throw error;
      } finally {
        this.#release();
      }
      this.#stepCount = step;
      this.#keepRate(lr);
    } finally {
      this.#busy = false;
    }
  }

  /** Drops the held gradient, if there is one; nothing is changed. */
  discard(): void {
    this.#alive();
    this.#restoreStatistics(this.#held?.statistics);
    this.#release();
  }

  /**
   * This rank's state: its class centers, their optimizer's state, the step count, and the loss's statistics where it has
   * any, as `loss.batch_mean` and so on, which are the same on all ranks. Of a store in a file it names a
   * generation that is on the disk: call {@link checkpointWritten} once the checkpoint with it is safely written.
   */
  async stateDict(): Promise<StateDict> {
    this.#idle('stateDict');
    const { rows } = this.store.spec;
    return withHeadState(await this.store.save(), {
      classes: this.classes,
      firstClass: this.firstClass,
      rows,
      step: this.#stepCount,
      rates: this.#rates.slice(0, this.#optimizer.unsampled === 'caught-up' ? this.#stepCount : 0),
      loss: await this.#loss.statistics?.stateDict(),
    });
  }

  /**
   * Puts centers in place of those that are there, as when classes are added to a trained head: make one with more
   * classes and give it the old one's. The optimizer's state of the rows stays as it is.
   * @param classes Class numbers, ascending; those of other ranks are passed over.
   * @param centers float32 [classes.length, dimensions], row-major.
   * @throws RangeError where the length differs, a class is out of range or they are not ascending, NotFiniteError where
   *   a value is no finite number: nothing is changed then; what the store throws.
   */
  async setCenters(classes: Int32Array, centers: Float32Array): Promise<void> {
    this.#idle('setCenters');
    const { dimensions } = this;
    if (centers.length !== classes.length * dimensions) {
      throw new RangeError(
        `PartialFC: ${classes.length} classes of ${dimensions} dimensions came with ${centers.length} values.`,
      );
    }
    classes.forEach((number, i) => {
      if (number < 0 || number >= this.classes || (i > 0 && number <= classes[i - 1])) {
        throw new RangeError(
          `PartialFC: setCenters needs ascending classes from 0 to ${this.classes - 1}, but class ${number} is at place ${i}.`,
        );
      }
    });
    const odd = centers.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) {
      throw new NotFiniteError(
        `PartialFC: the center given for class ${classes[Math.floor(odd / dimensions)]} holds ${centers[odd]}. Nothing was changed.`,
      );
    }
    const begin = lowerBound(classes, this.firstClass);
    const end = lowerBound(classes, this.firstClass + this.store.spec.rows);
    for (let from = begin; from < end; from += ROWS_AT_ONCE) {
      const to = Math.min(end, from + ROWS_AT_ONCE);
      const rows = classes.subarray(from, to).map((number) => number - this.firstClass);
      const values = centers.subarray(from * dimensions, to * dimensions);
      const block = await this.store.gather(rows, ({ tables }, at) => {
        const part = tables.get('weight')!;
        part.set(values.subarray(at * dimensions, at * dimensions + part.length));
      });
      block.dispose();
    }
  }

  /** Says that the checkpoint with the last stateDict() is safely on the disk. */
  async checkpointWritten(): Promise<void> {
    this.#alive();
    await this.store.checkpointWritten();
  }

  /**
   * Brings back what stateDict() gave; the next step is then the one that would have followed there.
   * @param shards The states of all ranks; their number may have been another, but for centers in a file.
   * @throws Error where they do not fit. Nothing is changed then.
   */
  async loadStateDict(...shards: StateDict[]): Promise<void> {
    this.#idle('loadStateDict');
    if (shards.length === 0)
      throw new Error('PartialFC: loadStateDict needs the state of at least one rank.');
    const heads = shards.map(readHeadState);
    const { step, rates } = heads[0];
    for (const head of heads) {
      if (head.classes !== this.classes) {
        throw new Error(
          `PartialFC: the saved state is of ${head.classes} classes, but there are ${this.classes}.`,
        );
      }
      if (head.step !== step) {
        throw new Error(
          `PartialFC: the saved states are of steps ${step} and ${head.step}, not of one checkpoint.`,
        );
      }
    }
    if (this.#optimizer.unsampled === 'caught-up' && rates.length !== step) {
      throw new Error(
        `PartialFC: the saved state has ${rates.length} learning rates for ${step} steps; rows cannot be caught up over them.`,
      );
    }
    const before = await this.#loss.statistics?.stateDict();
    this.#restoreStatistics(lossStateOf(shards[0]));
    try {
      await this.store.restore(rowsFromShards(this.store.spec, shards));
    } catch (error) {
      this.#restoreStatistics(before);
      throw error;
    }
    this.#stepCount = step;
    this.#rates = rates.slice();
    this.#upToDate = false;
  }

  /** Frees tensors and closes files. The head cannot be used after. */
  dispose(): void {
    if (this.#disposed) return;
    this.#release();
    this.store.dispose();
    this.#disposed = true;
  }

  #alive(): void {
    if (this.#disposed) throw new Error('PartialFC: this head is disposed; make a new one.');
  }

  #begin(what: string): void {
    this.#alive();
    if (this.#busy)
      throw new Error(`PartialFC: ${what}() was called before the last call had ended; await it.`);
    this.#busy = true;
  }

  #idle(what: string): void {
    this.#alive();
    if (this.#busy || this.#held) {
      throw new Error(
        `PartialFC: ${what}() was called in the middle of a step; call step() or discard() first.`,
      );
    }
  }

  #release(): void {
    this.#held?.rows?.block.dispose();
    this.#held?.rows?.gradient.dispose();
    this.#held = undefined;
  }

  /** Applies a gradient to the rows, on the backend or where the store keeps them. */
  async #update(
    { block, gradient }: HeldRows,
    lr: number,
    gradientScale: number,
    step: number,
  ): Promise<void> {
    const optimizer = this.#optimizer;
    const numbers = (from: number, to: number) => ({
      lr,
      gradientScale,
      counts: block.counts.slice(from, to).map((count) => count + 1),
      step,
    });
    if (block.updateInPlace && optimizer.updateInPlace) {
      await block.updateInPlace(
        (rows, from, to) => optimizer.updateInPlace!(rows, gradient, from, numbers(from, to)),
        step,
      );
      return;
    }
    await block.update(
      (rows, from, to) =>
        tf.tidy(() => optimizer.update(rows, rowsOf(gradient, from, to), numbers(from, to))),
      step,
    );
  }

  #restoreStatistics(state: StateDict | undefined): void {
    if (state) this.#loss.statistics?.loadStateDict(state as SavedStatistics);
  }

  #checkBatch(embeddings: tf.Tensor2D, labels: Int32Array): void {
    if (embeddings.rank !== 2 || embeddings.dtype !== 'float32' || embeddings.shape[1] !== this.dimensions) {
      throw new Error(
        `PartialFC: embeddings must be float32 [batch, ${this.dimensions}], but they are ${embeddings.dtype} of shape [${embeddings.shape}].`,
      );
    }
    if (!(labels instanceof Int32Array)) throw new TypeError('PartialFC: labels must be an Int32Array.');
    if (labels.length !== embeddings.shape[0]) {
      throw new RangeError(`PartialFC: ${embeddings.shape[0]} embeddings came with ${labels.length} labels.`);
    }
  }

  #checkLabels(labels: Int32Array, counts: readonly number[]): void {
    if (labels.length === 0) throw new RangeError('PartialFC: the batch is empty on all ranks.');
    const at = labels.findIndex((label) => label < 0 || label >= this.classes);
    if (at < 0) return;
    throw new RangeError(
      `PartialFC: the label of ${rowName(at, counts)} is ${labels[at]}, but there are ${this.classes} classes: 0 to ${this.classes - 1}.`,
    );
  }

  async #gatherEmbeddings(
    unit: tf.Tensor2D | undefined,
    rows: number,
    track: (tensor: tf.Tensor2D) => tf.Tensor2D,
  ): Promise<tf.Tensor2D> {
    if (this.#communicator.size === 1) return unit!;
    const own = unit ? ((await unit.data()) as Float32Array) : new Float32Array(0);
    return track(tf.tensor2d(this.#communicator.allGather(own), [rows, this.dimensions]));
  }

  /** The lengths of all ranks' embeddings, the same bits on every rank. */
  async #gatherNorms(
    embeddings: tf.Tensor2D,
    track: (tensor: tf.Tensor1D) => tf.Tensor1D,
  ): Promise<tf.Tensor1D> {
    const own = embeddings.shape[0] > 0 ? track(tf.norm(embeddings, 2, 1) as tf.Tensor1D) : undefined;
    if (own && this.#communicator.size === 1) return own;
    const values = own ? ((await own.data()) as Float32Array) : new Float32Array(0);
    return track(tf.tensor1d(this.#communicator.allGather(values)));
  }

  /** This rank's rows of the sum of all ranks' gradients. */
  async #scatterEmbeddings(
    gradient: tf.Tensor2D | undefined,
    rows: number,
    counts: readonly number[],
    track: (tensor: tf.Tensor2D) => tf.Tensor2D,
  ): Promise<tf.Tensor2D | undefined> {
    const { size, rank } = this.#communicator;
    if (size === 1) return gradient;
    const part = gradient
      ? ((await gradient.data()) as Float32Array)
      : new Float32Array(rows * this.dimensions);
    const sizes = counts.map((count) => count * this.dimensions);
    const own = this.#communicator.reduceScatter(part, sizes);
    return counts[rank] > 0 ? track(tf.tensor2d(own, [counts[rank], this.dimensions])) : undefined;
  }

  /** This rank's sampled rows, ascending. */
  #sampleRows(labels: Int32Array, step: number): Int32Array {
    const { rows } = this.store.spec;
    if (this.#sampler.samplesAll) return Int32Array.from({ length: rows }, (_, row) => row);
    const sample = this.#sampler.sample(labels, step);
    const begin = lowerBound(sample, this.firstClass);
    const end = lowerBound(sample, this.firstClass + rows);
    return sample.subarray(begin, end).map((number) => number - this.firstClass);
  }

  /** Lets the store begin with the next step's rows. Without its labels the negatives are known all the same. */
  #prefetch(labels: Int32Array = new Int32Array(0)): void {
    if (!this.store.prefetch || this.#sampler.samplesAll) return;
    const known = labels.filter((label) => label >= 0 && label < this.classes);
    this.store.prefetch(this.#sampleRows(known, this.#stepCount + 1));
  }

  #preparation() {
    if (this.#optimizer.unsampled !== 'caught-up' || this.#stepCount === 0) return undefined;
    // Where every step samples every row, only the first after a restore can find rows that are behind.
    if (this.#sampler.samplesAll && this.#upToDate) return undefined;
    this.#upToDate = true;
    return (rows: Parameters<RowOptimizer['catchUp']>[0]) =>
      this.#optimizer.catchUp(rows, this.#stepCount, this.#rates);
  }

  async #notFinite(embeddings: tf.Tensor2D, row: number, counts: readonly number[]): Promise<NotFiniteError> {
    const values = await embeddings.data();
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      const own = Math.floor(at / this.dimensions);
      return new NotFiniteError(
        `PartialFC: embedding ${own} holds ${values[at]} at place ${at % this.dimensions}. Nothing was changed.`,
      );
    }
    return new NotFiniteError(
      `PartialFC: the softmax of ${rowName(row, counts)} is no finite number, and this rank's embeddings are finite: ` +
        "another rank's embedding or a class center is not. Nothing was changed.",
    );
  }

  #keepRate(lr: number): void {
    if (this.#optimizer.unsampled !== 'caught-up') return;
    if (this.#rates.length < this.#stepCount) {
      const larger = new Float64Array(Math.max(1024, 2 * this.#stepCount));
      larger.set(this.#rates);
      this.#rates = larger;
    }
    this.#rates[this.#stepCount - 1] = lr;
  }
}

/** Rows that setCenters() changes at a time, so that a store need not have all of them at hand. */
const ROWS_AT_ONCE = 4096;

/** Rows from … to − 1; the tensor itself where they are all. Not tf.slice: on WebAssembly it downloads all of x. */
function rowsOf(x: tf.Tensor2D, from: number, to: number): tf.Tensor2D {
  return to - from === x.shape[0] ? x : gatherRows(x, tf.range(from, to, 1, 'int32'));
}

function checkCount(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > 2 ** 31 - 1) {
    throw new RangeError(`PartialFC: ${name} must be an integer of at least 1, but it is ${value}.`);
  }
  return value;
}

function sampleSize(classes: number, rate: number | undefined, count: number | undefined): number {
  if (rate !== undefined && count !== undefined) {
    throw new Error(ONE_SAMPLING);
  }
  if (count !== undefined) return checkCount('sampledClasses', count);
  const part = rate ?? 1;
  if (!(part > 0 && part <= 1))
    throw new RangeError(`PartialFC: sampleRate must be in (0, 1], but it is ${part}.`);
  return Math.max(1, Math.floor(part * classes));
}

/** Where the labels are among the sampled rows; −1 for those of other ranks. */
function columnsOf(labels: Int32Array, rows: Int32Array, firstClass: number): Int32Array {
  return labels.map((label) => {
    const at = lowerBound(rows, label - firstClass);
    return rows[at] === label - firstClass ? at : -1;
  });
}

/** The first place in ascending values that holds at least `wanted`. */
function lowerBound(values: Int32Array, wanted: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rowName(row: number, counts: readonly number[]): string {
  let rank = 0;
  let at = row;
  while (at >= counts[rank]) at -= counts[rank++];
  return counts.length === 1 ? `row ${at}` : `row ${at} of rank ${rank}`;
}
