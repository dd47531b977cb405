import * as tf from '@tensorflow/tfjs-core';
import type { Communicator } from '@unitsphere/collectives';
import type { TrackedTensors } from './tracked-tensors.js';

/**
 * One batch over all ranks: gathers every rank's rows, in rank order, and gives each rank its part of the gradient back.
 * All ranks call the same methods in the same order.
 */
export class BatchExchange {
  /** [B]: labels of all ranks. */
  readonly labels: Int32Array;
  /** Number of rows of each rank. */
  readonly counts: readonly number[];
  readonly #communicator: Communicator;
  readonly #dimensions: number;
  readonly #tensors: TrackedTensors;

  /**
   * @param labels [b]: labels of this rank.
   * @param tensors Takes the tensors that the exchange creates.
   */
  constructor(
    labels: Int32Array,
    dimensions: number,
    { communicator, tensors }: { communicator: Communicator; tensors: TrackedTensors },
  ) {
    this.#communicator = communicator;
    this.#dimensions = dimensions;
    this.#tensors = tensors;
    this.counts = [...communicator.allGather(Int32Array.of(labels.length))];
    this.labels = communicator.allGather(labels);
  }

  /** @throws RangeError on every rank if the batch is empty on all of them or a label is out of range. */
  checkLabels(classes: number): void {
    if (this.labels.length === 0) throw new RangeError('PartialFC: the batch is empty on all ranks.');
    const at = this.labels.findIndex((label) => label < 0 || label >= classes);
    if (at < 0) return;
    throw new RangeError(
      `PartialFC: the label of ${this.nameOf(at)} is ${this.labels[at]}, but there are ${classes} classes: 0 to ${classes - 1}.`,
    );
  }

  /**
   * Gathers the embeddings, float32 [B, dimensions].
   * @param own float32 [b, dimensions]; undefined if this rank has no rows.
   */
  async gatherEmbeddings(own: tf.Tensor2D | undefined): Promise<tf.Tensor2D> {
    if (own && this.#communicator.size === 1) return own;
    const values = own ? ((await own.data()) as Float32Array) : new Float32Array(0);
    const all = this.#communicator.allGather(values);
    return this.#tensors.track(tf.tensor2d(all, [this.labels.length, this.#dimensions]));
  }

  /** Gathers the L2 norms of the embeddings, float32 [B], bit-identical on every rank. */
  async gatherNorms(embeddings: tf.Tensor2D): Promise<tf.Tensor1D> {
    const own =
      embeddings.shape[0] > 0 ? this.#tensors.track(tf.norm(embeddings, 2, 1) as tf.Tensor1D) : undefined;
    if (own && this.#communicator.size === 1) return own;
    const values = own ? ((await own.data()) as Float32Array) : new Float32Array(0);
    return this.#tensors.track(tf.tensor1d(this.#communicator.allGather(values)));
  }

  /**
   * Sums the gradients of all ranks and returns this rank's rows, float32 [b, dimensions]; undefined if it has none.
   * @param gradient float32 [B, dimensions]; undefined if this rank has no sampled class.
   */
  async scatterGradient(gradient: tf.Tensor2D | undefined): Promise<tf.Tensor2D | undefined> {
    const { size, rank } = this.#communicator;
    if (size === 1) return gradient;
    const values = gradient
      ? ((await gradient.data()) as Float32Array)
      : new Float32Array(this.labels.length * this.#dimensions);
    const sizes = this.counts.map((count) => count * this.#dimensions);
    const own = this.#communicator.reduceScatter(values, sizes);
    const rows = this.counts[rank];
    return rows > 0 ? this.#tensors.track(tf.tensor2d(own, [rows, this.#dimensions])) : undefined;
  }

  /** Returns the name of a row of the whole batch for an error message. */
  nameOf(row: number): string {
    let rank = 0;
    let at = row;
    while (at >= this.counts[rank]) at -= this.counts[rank++];
    return this.counts.length === 1 ? `row ${at}` : `row ${at} of rank ${rank}`;
  }
}
