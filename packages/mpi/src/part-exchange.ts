import type { ReduceOp } from '@unitsphere/collectives';
import { type Dtype, divide, reduce } from '@unitsphere/collectives/implementation';
import type { MpiFunctions } from './library/functions.js';
import type { Progress } from './progress.js';

/** Arrays that can be summed. */
export type Floats = Float32Array | Float64Array;

/** Size of the largest part that travels at once: smaller ones cost more calls, larger ones more memory. */
export const PART_BYTES = 2 ** 20;

/** Returns 32-bit integers in a buffer of their own, which MPI can read until a request is complete. */
export function integers(values: readonly number[]): Int32Array {
  const array = new Int32Array(new ArrayBuffer(4 * values.length));
  array.set(values);
  return array;
}

/** Sends a part of this rank's values to every other rank and combines what the others send, in rank order. */
export class PartExchange {
  readonly #mpi: MpiFunctions;
  readonly #progress: Progress;
  readonly #rank: number;
  readonly #size: number;
  /** Two buffers in turn, so that a part can arrive while the last is combined. */
  readonly #buffers: ArrayBuffer[] = [];
  #turn = 0;

  constructor(mpi: MpiFunctions, progress: Progress, rank: number, size: number) {
    this.#mpi = mpi;
    this.#progress = progress;
    this.#rank = rank;
    this.#size = size;
  }

  /**
   * Begins to send counts[k] values at offsets[k] to each rank k. This rank's own part is not copied; each other rank sends
   * as many. Returns the function that waits and replaces `own` by the combination of all ranks' values.
   * @param own This rank's values of its part.
   */
  start(
    operation: string,
    dtype: Dtype,
    values: Floats,
    counts: readonly number[],
    offsets: readonly number[],
  ): (own: Floats, op: ReduceOp) => void {
    const [rank, size] = [this.#rank, this.#size];
    const count = counts[rank];
    const others = <T>(of: (rank: number) => T, own: T) =>
      Array.from({ length: size }, (_, k) => (k === rank ? own : of(k)));
    const received = this.#buffer(values, count * (size - 1));
    const places = others((k) => count * (k < rank ? k : k - 1), 0);
    const to = { data: values, counts: integers(others((k) => counts[k], 0)), offsets: integers(offsets) };
    const from = { data: received, counts: integers(others(() => count, 0)), offsets: integers(places) };
    const wait = this.#progress.start(operation, (request) =>
      this.#mpi.startAllToAll(to, from, dtype, this.#progress.comm, request),
    );
    return (own, op) => {
      wait();
      this.#combine(
        own,
        others((k) => received.subarray(places[k], places[k] + count), own),
        op,
        dtype,
      );
    };
  }

  /** Replaces `own` by the combination of `inputs`, of which it is this rank's. */
  #combine(own: Floats, inputs: readonly Floats[], op: ReduceOp, dtype: Dtype): void {
    if (op === 'max') {
      // MPI_MAX may lose a NaN.
      reduce(own, inputs, op);
      return;
    }
    // The ranks before this one are added to the first of them, so that nothing is copied. The order of two terms of a sum
    // does not matter, but the order of the sums does.
    const add = (to: Floats, from: Floats) => this.#mpi.addTo(to, from, own.length, dtype);
    if (this.#rank > 0) {
      const [first, ...more] = inputs.slice(0, this.#rank);
      for (const input of more) add(first, input);
      add(own, first);
    }
    for (const input of inputs.slice(this.#rank + 1)) add(own, input);
    if (op === 'mean') divide(own, this.#size);
  }

  #buffer(like: Floats, length: number): Floats {
    const turn = this.#turn;
    this.#turn = 1 - turn;
    const bytes = length * like.BYTES_PER_ELEMENT;
    if (!this.#buffers[turn] || this.#buffers[turn].byteLength < bytes) {
      this.#buffers[turn] = new ArrayBuffer(bytes);
    }
    const buffer = this.#buffers[turn];
    return like instanceof Float32Array
      ? new Float32Array(buffer, 0, length)
      : new Float64Array(buffer, 0, length);
  }
}
