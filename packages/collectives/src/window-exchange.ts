import { arrayOf, type Call, type Dtype, mismatch, viewOf, writeCall } from './call.js';
import type { NumericArray } from './communicator.js';
import { CollectiveMismatchError } from './errors.js';
import { Rendezvous } from './rendezvous.js';
import type { ThreadGroup } from './thread-group.js';

/**
 * Exchange of data between the ranks of a group through shared windows. In each meeting a rank shows what it put into its
 * window and reads the windows of the others. A rank has two windows in turn, so that it can fill one for the next meeting
 * while others still read the last.
 */
export class WindowExchange {
  /** Milliseconds spent waiting for other ranks so far. */
  waitedMs = 0;
  readonly #group: ThreadGroup;
  readonly #rank: number;
  readonly #rendezvous: Rendezvous;
  /** Views of all ranks' windows by dtype, turn and rank. */
  readonly #views: Map<Dtype, NumericArray[][]> = new Map();
  #calls = 0;
  #meetings = 0;

  constructor(group: ThreadGroup, rank: number) {
    this.#group = group;
    this.#rank = rank;
    this.#rendezvous = new Rendezvous(group.control, group.size);
  }

  /** Returns the number of the array's elements that a window holds. */
  capacityFor(data: NumericArray): number {
    return this.#group.windowBytes / data.BYTES_PER_ELEMENT;
  }

  /** Returns this rank's window for the next meeting. */
  window(dtype: Dtype): NumericArray {
    return this.#viewsOf(dtype)[this.#meetings % 2][this.#rank];
  }

  /**
   * Begins a call with a meeting, in which all ranks compare their calls. Returns the windows that they filled and the
   * headers of their calls, both valid until the next meeting.
   * @throws CollectiveMismatchError if the calls differ.
   */
  open(call: Call): { windows: readonly NumericArray[]; headers: readonly Int32Array[] } {
    const at = this.#calls++;
    writeCall(call, this.#rendezvous.header(this.#rank, at));
    const windows = this.meet(call.dtype);
    const headers = Array.from({ length: this.#group.size }, (_, rank) => this.#rendezvous.header(rank, at));
    const problem = mismatch(headers);
    if (problem) {
      this.abort(problem);
      throw new CollectiveMismatchError(problem);
    }
    return { windows, headers };
  }

  /** Waits for all ranks and returns the windows that they filled, valid until the next meeting. */
  meet(dtype: Dtype): readonly NumericArray[] {
    const before = performance.now();
    this.#rendezvous.meet();
    this.waitedMs += performance.now() - before;
    return this.#viewsOf(dtype)[this.#meetings++ % 2];
  }

  /**
   * Makes a call with one meeting per piece of the data.
   * @param put Fills this rank's window with a piece and returns the function that reads the windows of all ranks.
   */
  callInPieces(
    call: Call,
    pieces: number,
    put: (piece: number) => (windows: readonly NumericArray[]) => void,
  ): void {
    // A call without data still meets once, to compare the calls.
    const take = pieces > 0 ? put(0) : () => {};
    take(this.open(call).windows);
    for (let piece = 1; piece < pieces; piece++) put(piece)(this.meet(call.dtype));
  }

  /** Ends the group. */
  abort(reason: unknown): void {
    this.#rendezvous.abort(reason);
  }

  #viewsOf(dtype: Dtype): NumericArray[][] {
    let views = this.#views.get(dtype);
    if (!views) {
      const { size, windowBytes, windows } = this.#group;
      const length = windowBytes / arrayOf(dtype, 0).BYTES_PER_ELEMENT;
      views = [0, 1].map((turn) =>
        Array.from({ length: size }, (_, rank) =>
          viewOf(dtype, windows, (turn * size + rank) * windowBytes, length),
        ),
      );
      this.#views.set(dtype, views);
    }
    return views;
  }
}
