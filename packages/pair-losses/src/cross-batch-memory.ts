import * as tf from '@tensorflow/tfjs-core';
import { checkCount, checkEmbeddings } from './check.js';
import { isOnHost, viewOf } from './host/heap.js';
import { mayChangeOperands } from './host/product.js';
import { type Labels, readLabels } from './labels.js';
import type { Miner } from './miners/miner.js';
import { listPairs } from './pairs/list-pairs.js';
import type { EmbeddingLoss, LossCall } from './pairs/pair-loss.js';
import { PairSource } from './pairs/pair-source.js';
import { recordLoss, zeroLoss } from './pairs/record-loss.js';
import { gatherRows } from './pairs/record-rows.js';
import { isPairs, type Pairs, type Tuples, toPairs, toTriplets } from './pairs/tuples.js';

const title = 'CrossBatchMemory';

/** A loss that accepts reference embeddings. Proxy losses, `NPairsLoss`, `FastAPLoss` and `SmoothAPLoss` do not. */
export type MemoryLoss = EmbeddingLoss;

/** Options of `CrossBatchMemory`. */
export interface CrossBatchMemoryOptions {
  /** The loss of the batch against the memory. */
  loss: MemoryLoss;
  /** Number of dimensions of an embedding, at least 1. */
  dimensions: number;
  /** Number of embeddings that the memory holds, at least 1. Default 1024. */
  memorySize?: number;
  /** Chooses pairs of the batch and the memory. Default: all pairs. */
  miner?: Miner;
}

/** Options of a call of `CrossBatchMemory`. */
export interface MemoryCall {
  /** Further pairs or triplets, as rows of the memory for positives and negatives. */
  tuples?: Tuples;
  /**
   * For each row, whether to put it in the memory; the others are compared with the memory. By default all rows do both.
   * It excludes `tuples`.
   */
  enqueue?: readonly boolean[];
}

/** The contents of a memory on the host, to save and restore. */
export interface MemoryState {
  /** float32 [size, dimensions], row-major. */
  embeddings: Float32Array;
  /** int32 [size]. */
  labels: Int32Array;
  /** Row that the next embedding enters. */
  next: number;
}

/**
 * A ring buffer of the embeddings and labels of past batches, and a loss of each batch against it. The batch enters the
 * memory first, without its gradient; no row is a positive of its own copy.
 * @see Wang et al., "Cross-Batch Memory for Embedding Learning", CVPR 2020.
 */
export class CrossBatchMemory {
  readonly memorySize: number;
  readonly dimensions: number;
  readonly lossOfPairs: MemoryLoss;
  readonly miner: Miner | undefined;
  #embeddings: tf.Tensor2D;
  readonly #labels: Int32Array;
  #next = 0;
  #size = 0;

  /** @throws RangeError unless dimensions and memorySize are positive integers. */
  constructor({ loss, dimensions, memorySize = 1024, miner }: CrossBatchMemoryOptions) {
    this.lossOfPairs = loss;
    this.dimensions = checkCount('CrossBatchMemory: dimensions', dimensions);
    this.memorySize = checkCount('CrossBatchMemory: memorySize', memorySize);
    this.miner = miner;
    this.#embeddings = tf.keep(tf.zeros([memorySize, dimensions]));
    this.#labels = new Int32Array(memorySize);
  }

  /** Number of embeddings in the memory. */
  get size(): number {
    return this.#size;
  }

  /** Labels in the memory, int32 [size]; a copy. */
  get labels(): Int32Array {
    return this.#labels.slice(0, this.#size);
  }

  /** Returns a copy of the embeddings in the memory, float32 [size, dimensions]. The caller disposes it. */
  embeddings(): tf.Tensor2D {
    return tf.slice(this.#embeddings, [0, 0], [this.#size, -1]);
  }

  /** Returns the embeddings without a copy if the memory is full; the next batch overwrites them. */
  #current(): tf.Tensor2D {
    return this.#size === this.memorySize ? tf.clone(this.#embeddings) : this.embeddings();
  }

  /**
   * Puts the batch in the memory and computes its loss against the memory. Differentiable in the embeddings. The memory
   * changes: call it once per batch.
   * @param embeddings float32 [batch, dimensions].
   * @param labels int32 [batch].
   * @returns A float32 scalar; 0 if no row remains to be compared.
   * @throws RangeError if more rows than `memorySize` would enter, or for `tuples` with `enqueue`; TypeError for a wrong
   *   type or dtype. The memory is unchanged then.
   */
  loss(embeddings: tf.Tensor2D, labels: Labels, { tuples, enqueue }: MemoryCall = {}): tf.Scalar {
    checkEmbeddings(title, 'embeddings', embeddings);
    const [rows] = embeddings.shape;
    const own = readLabels(title, 'labels', labels, rows);
    if (tuples && enqueue) throw new RangeError(`${title}: tuples and enqueue exclude each other; omit one.`);
    if (enqueue && enqueue.length !== rows) {
      throw new RangeError(`${title}: enqueue has ${enqueue.length} values, but there are ${rows} rows.`);
    }
    const all = [...own.keys()];
    const entering = enqueue ? all.filter((row) => enqueue[row]) : all;
    this.#check(embeddings, entering.length);
    return tf.tidy(() => {
      const first = this.#next;
      this.#enter(embeddings, own, entering);
      const compared = enqueue ? all.filter((row) => !enqueue[row]) : all;
      if (compared.length === 0) return recordLoss([embeddings], zeroLoss);
      const query = enqueue ? gatherRows(embeddings, Int32Array.from(compared)) : embeddings;
      const queryLabels = Int32Array.from(compared, (row) => own[row]);
      const ref = this.#current();
      const refLabels = this.labels;
      const ownColumns = enqueue ? undefined : this.#ownColumns(first, rows);
      const reference = { ref, refLabels, refGradient: false };
      if (!this.miner && !tuples) {
        return this.lossOfPairs.loss(query, queryLabels, { ...reference, ...(ownColumns && { ownColumns }) });
      }
      let chosen: Tuples = this.miner
        ? this.miner.mine(query, queryLabels, { ref, refLabels })
        : listPairs(new PairSource(queryLabels, refLabels));
      if (ownColumns) chosen = withoutSelf(chosen, ownColumns);
      if (tuples) chosen = joinTuples(chosen, tuples);
      return this.lossOfPairs.loss(query, queryLabels, { ...reference, tuples: chosen });
    });
  }

  /**
   * Puts the batch in the memory and chooses its pairs with it, without blocking the device. With its result as `call`, the
   * loss is `lossOfPairs.loss(embeddings, labels, call)`. The caller disposes `call.ref` before the next batch enters.
   * @param embeddings float32 [batch, dimensions].
   * @param labels int32 [batch].
   * @param miner Used in place of the memory's.
   * @throws RangeError or TypeError as `loss` does. The memory is unchanged then.
   */
  async enter(
    embeddings: tf.Tensor2D,
    labels: Int32Array,
    miner = this.miner,
  ): Promise<LossCall & { ref: tf.Tensor2D }> {
    checkEmbeddings(title, 'embeddings', embeddings);
    this.#check(embeddings, labels.length);
    const first = this.#next;
    tf.tidy(() => this.#enter(embeddings, labels, [...labels.keys()]));
    const ref = this.#current();
    const refLabels = this.labels;
    const ownColumns = this.#ownColumns(first, labels.length);
    const reference = { ref, refLabels, refGradient: false };
    if (!miner) return { ...reference, ownColumns };
    try {
      const chosen = await miner.mineAsync(embeddings, labels, { ref, refLabels });
      return { ...reference, tuples: withoutSelf(chosen, ownColumns) };
    } catch (error) {
      ref.dispose();
      throw error;
    }
  }

  /** Returns the column of the copy of each row of a batch whose first row entered at `first`. */
  #ownColumns(first: number, rows: number): Int32Array {
    return Int32Array.from({ length: rows }, (_, row) => (first + row) % this.memorySize);
  }

  /** Returns the contents, to continue from them later. */
  async state(): Promise<MemoryState> {
    const ref = this.embeddings();
    try {
      return { embeddings: (await ref.data()) as Float32Array, labels: this.labels, next: this.#next };
    } finally {
      ref.dispose();
    }
  }

  /** Replaces the contents by those of `state()`. @throws RangeError if they do not fit this memory. */
  restore({ embeddings, labels, next }: MemoryState): void {
    const { memorySize, dimensions } = this;
    const size = labels.length;
    const isFull = size === memorySize;
    if (
      embeddings.length !== size * dimensions ||
      size > memorySize ||
      !(isFull ? next >= 0 && next < memorySize : next === size)
    ) {
      throw new RangeError(
        `CrossBatchMemory: a state of ${size} labels, ${embeddings.length} values and next ${next} does not fit a memory of ` +
          `${memorySize} rows of ${dimensions}; restore it into a memory of the size it was saved from.`,
      );
    }
    const whole = new Float32Array(memorySize * dimensions);
    whole.set(embeddings);
    this.#embeddings.dispose();
    this.#embeddings = tf.keep(tf.tensor2d(whole, [memorySize, dimensions]));
    this.#labels.fill(0);
    this.#labels.set(labels);
    this.#next = next;
    this.#size = size;
  }

  /** Empties the memory. */
  reset(): void {
    this.#next = 0;
    this.#size = 0;
  }

  /** Frees the memory; the loss remains. */
  dispose(): void {
    this.#embeddings.dispose();
  }

  /** @throws RangeError unless the width is the memory's and `entering` rows fit. */
  #check(embeddings: tf.Tensor2D, entering: number): void {
    const width = embeddings.shape[1];
    if (width !== this.dimensions) {
      throw new RangeError(
        `${title}: embeddings have ${width} dimensions, but the memory has ${this.dimensions}; create it with dimensions: ${width}.`,
      );
    }
    if (entering > this.memorySize) {
      throw new RangeError(
        `${title}: ${entering} rows enter a memory of ${this.memorySize}; increase memorySize to at least ${entering}.`,
      );
    }
  }

  #enter(embeddings: tf.Tensor2D, labels: Int32Array, rows: number[]): void {
    if (rows.length === 0) return;
    if (isOnHost() && mayChangeOperands()) this.#write(embeddings, rows);
    else this.#replace(embeddings, rows, labels.length);
    rows.forEach((row, k) => {
      this.#labels[(this.#next + k) % this.memorySize] = labels[row];
    });
    const end = this.#next + rows.length;
    this.#size = Math.min(this.memorySize, Math.max(this.#size, end));
    this.#next = end % this.memorySize;
  }

  /** Writes rows into the memory in place. */
  #write(embeddings: tf.Tensor2D, rows: number[]): void {
    const { dimensions, memorySize } = this;
    const [memory, values] = [viewOf(this.#embeddings), viewOf(embeddings)];
    rows.forEach((row, k) => {
      const entering = values.subarray(row * dimensions, (row + 1) * dimensions);
      memory.set(entering, ((this.#next + k) % memorySize) * dimensions);
    });
  }

  /** Replaces the memory by a copy with the rows. */
  #replace(embeddings: tf.Tensor2D, rows: number[], batch: number): void {
    // A variable shares the values of its tensor, but is not connected with it on the tape.
    const detached = tf.variable(embeddings, false);
    const added = rows.length === batch ? detached : tf.gather(detached, tf.tensor1d(rows, 'int32'));
    const end = this.#next + rows.length;
    const wrapped = Math.max(0, end - this.memorySize);
    const fits = rows.length - wrapped;
    const pieces = [
      tf.slice(added, [fits, 0], [wrapped, -1]),
      tf.slice(this.#embeddings, [wrapped, 0], [this.#next - wrapped, -1]),
      tf.slice(added, [0, 0], [fits, -1]),
      tf.slice(this.#embeddings, [this.#next + fits, 0], [this.memorySize - this.#next - fits, -1]),
    ].filter((piece) => piece.shape[0] > 0);
    const updated = tf.keep(pieces.length === 1 ? tf.clone(pieces[0]) : tf.concat(pieces));
    detached.dispose();
    this.#embeddings.dispose();
    this.#embeddings = updated;
  }
}

/** Removes positive pairs of a row and its own copy. */
function withoutSelf(tuples: Tuples, ownColumns: Int32Array): Tuples {
  const keep = [...tuples.anchors.keys()].filter(
    (k) => tuples.positives[k] !== ownColumns[tuples.anchors[k]],
  );
  const choose = (list: Int32Array) => Int32Array.from(keep, (k) => list[k]);
  const kept = { anchors: choose(tuples.anchors), positives: choose(tuples.positives) };
  if (isPairs(tuples)) return { ...tuples, ...kept };
  return { ...kept, negatives: choose(tuples.negatives) };
}

function joinTuples(tuples: Tuples, more: Tuples): Tuples {
  if (isPairs(tuples)) return joinLists(tuples, toPairs(more));
  return joinLists(tuples, toTriplets(more));
}

function joinLists<T extends Pairs | Omit<Pairs, 'negativeAnchors'>>(a: T, b: T): T {
  const names = Object.keys(a) as (keyof T)[];
  return Object.fromEntries(
    names.map((name) => [name, Int32Array.from([...(a[name] as Int32Array), ...(b[name] as Int32Array)])]),
  ) as T;
}
