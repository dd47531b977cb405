import type { ReduceOp } from '@unitsphere/collectives';
import { type Dtype, divide, reduce } from '@unitsphere/collectives/implementation';
import type { Exchange } from '../exchange.js';
import type { MpiFunctions } from '../library/functions.js';
import type { Floats } from '../part-exchange.js';

/** What a {@link RankChain} reduces. */
export interface ChainCall {
  /** Receives the results. Its own values are not used. */
  out: Floats;
  dtype: Dtype;
  op: ReduceOp;
  /** Length of all pieces but the last. */
  pieceLength: number;
  /** Number of values that are combined for each result, which a mean is divided by. */
  terms: number;
}

/**
 * Reduces arrays piece by piece along the ranks: rank 0 sends the combination of its values to rank 1, which combines it with its own,
 * and so on. The last rank has the result, which travels back. So the values of all ranks are combined from left to right, however many
 * each rank has, and a link carries every byte once in either direction. While a piece travels, the next ones follow.
 */
export class RankChain {
  readonly #mpi: MpiFunctions;
  readonly #exchange: Exchange;
  readonly #rank: number;
  readonly #isLast: boolean;
  readonly #call: ChainCall;
  /** Combinations of the values of the ranks before this one, then also of its own. */
  readonly #partial: Floats;
  readonly #waitForPartial: (() => void)[] = [];
  readonly #waitForResult: (() => void)[] = [];
  readonly #waitForSends: (() => void)[] = [];

  constructor(mpi: MpiFunctions, exchange: Exchange, rank: number, size: number, call: ChainCall) {
    this.#mpi = mpi;
    this.#exchange = exchange;
    this.#rank = rank;
    this.#isLast = rank === size - 1;
    this.#call = call;
    const { out } = call;
    this.#partial = out instanceof Float32Array ? new Float32Array(out.length) : new Float64Array(out.length);
    // Every message finds its place when it arrives.
    for (let piece = 0; rank > 0 && piece * call.pieceLength < out.length; piece++) {
      this.#waitForPartial.push(this.#receive(rank - 1, this.#pieceOf(this.#partial, piece)));
    }
  }

  /** Combines this rank's values with those of the ranks before it and sends them on. Pieces are added in order. */
  add(piece: number, inputs: readonly Floats[]): void {
    const { op, terms, out } = this.#call;
    const partial = this.#pieceOf(this.#partial, piece);
    if (this.#rank > 0) {
      this.#waitForPartial[piece]();
      this.#combine(partial, inputs);
    } else {
      partial.set(inputs[0]);
      this.#combine(partial, inputs.slice(1));
    }
    const result = this.#pieceOf(out, piece);
    if (this.#isLast) {
      result.set(partial);
      if (op === 'mean') divide(result, terms);
      return;
    }
    this.#waitForResult.push(this.#receive(this.#rank + 1, result));
    this.#send(this.#rank + 1, partial);
  }

  /** Waits until `out` has the results of a piece that was added before, and sends them back. */
  finish(piece: number): void {
    if (!this.#isLast) this.#waitForResult[piece]();
    if (this.#rank > 0) this.#send(this.#rank - 1, this.#pieceOf(this.#call.out, piece));
  }

  /** Waits until everything is sent. */
  end(): void {
    for (const wait of this.#waitForSends) wait();
  }

  #combine(partial: Floats, inputs: readonly Floats[]): void {
    const { op, dtype } = this.#call;
    for (const input of inputs) {
      // MPI_MAX may lose a NaN.
      if (op === 'max') reduce(partial, [partial, input], op);
      else this.#mpi.addTo(partial, input, partial.length, dtype);
    }
  }

  #pieceOf(values: Floats, piece: number): Floats {
    const { pieceLength } = this.#call;
    return values.subarray(piece * pieceLength, (piece + 1) * pieceLength);
  }

  #receive(rank: number, data: Floats): () => void {
    return this.#exchange.start({
      operation: 'allReduce',
      dtype: this.#call.dtype,
      receives: [{ rank, data }],
    });
  }

  #send(rank: number, data: Floats): void {
    const { dtype } = this.#call;
    this.#waitForSends.push(this.#exchange.start({ operation: 'allReduce', dtype, sends: [{ rank, data }] }));
  }
}
