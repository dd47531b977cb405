import type { ReduceOp } from '@unitsphere/collectives';
import { type Dtype, divide, reduce } from '@unitsphere/collectives/implementation';
import type { Exchange } from './exchange.js';
import type { MpiFunctions } from './library/functions.js';

/** Arrays that can be summed. */
export type Floats = Float32Array | Float64Array;

// In shared memory, large parts are faster. On a network, short ones are: the next one travels while one is combined.
const LARGEST_PART_BYTES = 2 ** 21;
const LARGEST_NETWORK_PART_BYTES = 2 ** 18;
const LARGEST_BUFFER_BYTES = 2 ** 25;

/** Returns the size of the largest part that each rank receives from each other at once. */
export const partBytes = (ranks: number, hosts: number): number =>
  Math.min(
    hosts > 1 ? LARGEST_NETWORK_PART_BYTES : LARGEST_PART_BYTES,
    2 ** Math.floor(Math.log2(LARGEST_BUFFER_BYTES / ranks)),
  );

/** Sends a part of this rank's values to every other rank and combines what the others send, in rank order. */
export class PartExchange {
  readonly #mpi: MpiFunctions;
  readonly #exchange: Exchange;
  readonly #rank: number;
  readonly #size: number;
  /** Two buffers in turn, so that a part can arrive while the last is combined. */
  readonly #buffers: ArrayBuffer[] = [];
  #turn = 0;

  constructor(mpi: MpiFunctions, exchange: Exchange, rank: number, size: number) {
    this.#mpi = mpi;
    this.#exchange = exchange;
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
    const count = counts[this.#rank];
    const others = Array.from({ length: this.#size }, (_, rank) => rank).filter(
      (rank) => rank !== this.#rank,
    );
    const received = this.#buffer(values, count * others.length);
    const receives = others.map((rank, i) => ({
      rank,
      data: received.subarray(i * count, (i + 1) * count),
    }));
    const sends = others.map((rank) => ({
      rank,
      data: values.subarray(offsets[rank], offsets[rank] + counts[rank]),
    }));
    const wait = this.#exchange.start({ operation, dtype, receives, sends });
    return (own, op) => {
      wait();
      const inputs: Floats[] = receives.map(({ data }) => data);
      inputs.splice(this.#rank, 0, own);
      combine(this.#mpi, inputs, { rank: this.#rank, dtype, op });
    };
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

/** Replaces the input of `rank`, this rank's own, by the combination of all ranks' inputs in their order. Changes the others. */
export function combine(
  mpi: MpiFunctions,
  inputs: readonly Floats[],
  { rank, dtype, op }: { rank: number; dtype: Dtype; op: ReduceOp },
): void {
  const own = inputs[rank];
  if (op === 'max') {
    // MPI_MAX may lose a NaN.
    reduce(own, inputs, op);
    return;
  }
  // The ranks before this one are added to the first of them, so that nothing is copied. The order of two terms of a sum
  // does not matter, but the order of the sums does.
  const add = (to: Floats, from: Floats) => mpi.addTo(to, from, own.length, dtype);
  if (rank > 0) {
    const [first, ...more] = inputs.slice(0, rank);
    for (const input of more) add(first, input);
    add(own, first);
  }
  for (const input of inputs.slice(rank + 1)) add(own, input);
  if (op === 'mean') divide(own, inputs.length);
}
