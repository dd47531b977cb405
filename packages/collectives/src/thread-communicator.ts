import { arrayOf, type Call, describeCall, lengthOf } from './call.js';
import { checkRoot } from './check-root.js';
import type { Communicator, NumericArray, ReduceOp } from './communicator.js';
import { CollectiveError } from './errors.js';
import { equalCounts, equalParts, partOffsets } from './parts.js';
import { reduce } from './reduce.js';
import type { ThreadGroup } from './thread-group.js';
import { WindowExchange } from './window-exchange.js';

// Below this size every rank reduces all of the data itself, which takes one meeting instead of two.
const SMALL_BYTES = 2 ** 14;

/**
 * One rank of a group of threads: Node's worker threads, its main thread included, or Web Workers. Data passes through
 * shared windows. Each rank reduces its own slice of the data, which spreads the work over the cores. Waiting threads sleep.
 *
 * An invalid argument (a root outside the group, counts that do not add up) throws only on the rank that passed it. A rank
 * that gives up for any reason must call `abort`, or the others wait for it forever. `withReplicas` does so.
 */
export class ThreadCommunicator implements Communicator {
  readonly size: number;
  readonly #exchange: WindowExchange;

  /**
   * @throws RangeError if `rank` is outside the group; CollectiveError on a thread that must not wait, such as the main
   *   thread of a browser page.
   */
  constructor(
    group: ThreadGroup,
    readonly rank: number,
  ) {
    this.size = group.size;
    if (!Number.isInteger(rank) || rank < 0 || rank >= group.size) {
      throw new RangeError(
        `ThreadCommunicator: the rank must be an integer from 0 to ${group.size - 1}, not ${rank}.`,
      );
    }
    checkMayWait();
    this.#exchange = new WindowExchange(group, rank);
  }

  /** Milliseconds spent waiting for other ranks so far: the cost of ranks that are not equally fast. */
  get waitedMs(): number {
    return this.#exchange.waitedMs;
  }

  barrier(): void {
    this.#exchange.open({ operation: 'barrier', dtype: 'uint8', length: 0 });
  }

  broadcast(data: NumericArray, root = 0): void {
    checkRoot('broadcast', root, this.size);
    const call = describeCall('broadcast', data, { root });
    const capacity = this.#exchange.capacityFor(data);
    this.#exchange.callInPieces(call, Math.ceil(data.length / capacity), (piece) => {
      const values = data.subarray(piece * capacity, (piece + 1) * capacity);
      if (this.rank === root) this.#exchange.window(call.dtype).set(values);
      return (windows) => {
        if (this.rank !== root) values.set(windows[root].subarray(0, values.length));
      };
    });
  }

  allReduce(data: Float32Array | Float64Array, op: ReduceOp = 'sum'): void {
    const call = describeCall('allReduce', data, { op });
    const capacity = this.#exchange.capacityFor(data);
    if (data.byteLength <= SMALL_BYTES && data.length <= capacity) {
      this.#exchange.window(call.dtype).set(data);
      const windows = this.#exchange.open(call).windows as Float32Array[];
      reduce(
        data,
        windows.map((window) => window.subarray(0, data.length)),
        op,
      );
      return;
    }
    const part = Math.floor(capacity / this.size);
    const slicesOf = (piece: number) => {
      const whole = data.subarray(piece * part * this.size, (piece + 1) * part * this.size);
      let at = 0;
      return equalParts(whole.length, this.size).map((count) => {
        at += count;
        return whole.subarray(at - count, at);
      });
    };
    const pieces = Math.ceil(data.length / (part * this.size));
    // A window has a part for each other rank's slice of this piece. Its own part carries the result of the previous piece.
    let previous: ReturnType<typeof slicesOf> | undefined;
    this.#exchange.callInPieces(call, pieces + 1, (piece) => {
      const window = this.#exchange.window(call.dtype);
      const slices = piece < pieces ? slicesOf(piece) : undefined;
      const reduced = previous;
      previous = slices;
      slices?.forEach((slice, rank) => {
        if (rank !== this.rank) window.set(slice, rank * part);
      });
      if (reduced) window.set(reduced[this.rank], this.rank * part);
      return (windows) => {
        reduced?.forEach((slice, rank) => {
          if (rank !== this.rank) slice.set(windows[rank].subarray(rank * part, rank * part + slice.length));
        });
        if (!slices) return;
        this.#reducePart(slices[this.rank], slices[this.rank], windows as Float32Array[], part, op);
      };
    });
  }

  allGather<T extends NumericArray>(data: T): T {
    return this.#collect(describeCall('allGather', data, {}), data, true);
  }

  gather<T extends NumericArray>(data: T, root = 0): T | undefined {
    checkRoot('gather', root, this.size);
    return this.#collect(describeCall('gather', data, { root }), data, this.rank === root);
  }

  reduceScatter(data: Float32Array, counts?: readonly number[]): Float32Array {
    const parts = counts ?? equalCounts(data.length, this.size);
    const offsets = partOffsets(parts, this.size, data.length);
    const call = describeCall('reduceScatter', data, { counts: parts });
    const part = Math.floor(this.#exchange.capacityFor(data) / this.size);
    const sliceOf = (rank: number, piece: number) => {
      const from = offsets[rank] + piece * part;
      return data.subarray(from, Math.min(from + part, offsets[rank + 1]));
    };
    const out = new Float32Array(parts[this.rank]);
    this.#exchange.callInPieces(call, Math.ceil(Math.max(...parts) / part), (piece) => {
      const window = this.#exchange.window(call.dtype);
      for (let rank = 0; rank < this.size; rank++) {
        if (rank !== this.rank) window.set(sliceOf(rank, piece), rank * part);
      }
      return (windows) => {
        const own = sliceOf(this.rank, piece);
        const into = out.subarray(piece * part, piece * part + own.length);
        this.#reducePart(into, own, windows as Float32Array[], part, 'sum');
      };
    });
    return out;
  }

  abort(reason: unknown): void {
    this.#exchange.abort(reason);
  }

  /** Shows this rank's data to the others and returns the data of all ranks if it is wanted here. */
  #collect<T extends NumericArray>(call: Call, data: T, isWanted: true): T;
  #collect<T extends NumericArray>(call: Call, data: T, isWanted: boolean): T | undefined;
  #collect<T extends NumericArray>(call: Call, data: T, isWanted: boolean): T | undefined {
    const capacity = this.#exchange.capacityFor(data);
    const put = (piece: number) => {
      this.#exchange.window(call.dtype).set(data.subarray(piece * capacity, (piece + 1) * capacity));
    };
    put(0);
    const { windows: first, headers } = this.#exchange.open(call);
    const lengths = headers.map(lengthOf);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const out = isWanted ? arrayOf<T>(call.dtype, total) : undefined;
    const pieces = Math.ceil(Math.max(...lengths) / capacity);
    let windows = first;
    for (let piece = 0; piece < pieces; piece++) {
      if (piece > 0) {
        put(piece);
        windows = this.#exchange.meet(call.dtype);
      }
      let at = 0;
      lengths.forEach((length, rank) => {
        const count = Math.min(capacity, length - piece * capacity);
        if (count > 0) out?.set(windows[rank].subarray(0, count), at + piece * capacity);
        at += length;
      });
    }
    return out;
  }

  /** Reduces this rank's part of all windows. Its own values are taken from `own`. */
  #reducePart(
    out: Float32Array | Float64Array,
    own: Float32Array | Float64Array,
    windows: readonly (Float32Array | Float64Array)[],
    part: number,
    op: ReduceOp,
  ): void {
    const at = this.rank * part;
    reduce(
      out,
      windows.map((window, rank) => (rank === this.rank ? own : window.subarray(at, at + own.length))),
      op,
    );
  }
}

/** @throws CollectiveError if this thread must not sleep. */
function checkMayWait(): void {
  try {
    // Returns at once where waiting is allowed, because the value differs.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
  } catch (error) {
    throw new CollectiveError(
      "ThreadCommunicator: this thread must not wait for others (a browser page's main thread). Run the training in a Worker.",
      { cause: error },
    );
  }
}
