import type * as tf from '@tensorflow/tfjs-core';
import type { Communicator } from '@unitsphere/collectives';
import type { MpiCommunicator, PendingReduction } from '@unitsphere/mpi';

/** A communicator whose ranks can compute while data moves. */
export type OverlappingCommunicator = Communicator & Pick<MpiCommunicator, 'startAllReduce'>;

/** Whether a communicator's ranks can compute while data moves. */
export function canOverlap(communicator: Communicator): communicator is OverlappingCommunicator {
  return 'startAllReduce' in communicator && communicator.size > 1;
}

// Large enough for the rate of the link, and small enough that most of the gradients travel before the backward pass ends.
const BUCKET_BYTES = 2 ** 18;

/**
 * Sums the gradients of a step over the ranks while the backward pass computes further ones. They are collected in buckets, each of
 * which is sent when it is full. All ranks complete their gradients in the same order.
 */
export class GradientStream {
  readonly #communicator: OverlappingCommunicator;
  #values: Float32Array = new Float32Array(0);
  /** Position of each gradient's values, by its number. */
  readonly #spans = new Map<number, readonly [from: number, to: number]>();
  readonly #pending: PendingReduction[] = [];
  #end = 0;
  /** Begin of the bucket that is not sent yet. */
  #begin = 0;

  constructor(communicator: OverlappingCommunicator) {
    this.#communicator = communicator;
  }

  /** Begins a step. @param size Number of values of all gradients. */
  open(size: number): void {
    if (this.#values.length < size) this.#values = new Float32Array(size);
    this.#spans.clear();
    this.#pending.length = 0;
    this.#begin = 0;
    this.#end = 0;
  }

  /** Takes a gradient of this rank. */
  readonly add = (index: number, gradient: tf.Tensor): void => {
    const end = this.#end + gradient.size;
    this.#values.set(gradient.dataSync() as Float32Array, this.#end);
    this.#spans.set(index, [this.#end, end]);
    this.#end = end;
    if (4 * (this.#end - this.#begin) >= BUCKET_BYTES) this.#send();
    for (const reduction of this.#pending) reduction.advance();
  };

  /** Waits until all gradients are summed. */
  close(): void {
    if (this.#end > this.#begin) this.#send();
    for (const reduction of this.#pending) reduction.wait();
  }

  /** Returns a summed gradient; undefined if `add` did not get it. */
  take(index: number): Float32Array | undefined {
    const span = this.#spans.get(index);
    // A copy, because some backends keep the array that they are given.
    return span && this.#values.slice(...span);
  }

  #send(): void {
    this.#pending.push(this.#communicator.startAllReduce(this.#values.subarray(this.#begin, this.#end)));
    this.#begin = this.#end;
  }
}
