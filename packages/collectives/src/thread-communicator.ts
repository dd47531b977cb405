import { arrayOf, type Call, type Dtype, dtypeOf, lengthOf, mismatch, viewOf, writeCall } from './call.js';
import type { Communicator, NumericArray, ReduceOp } from './communicator.js';
import { CollectiveError, CollectiveMismatchError } from './errors.js';
import { equalParts, partOffsets } from './parts.js';
import { reduce } from './reduce.js';
import { Rendezvous } from './rendezvous.js';
import { checkRoot } from './solo-communicator.js';
import type { ThreadGroup } from './thread-group.js';

// Below it every rank reduces everything itself: one meeting in place of two.
const SMALL_BYTES = 2 ** 14;

/**
 * A rank of a group of threads: Node's worker threads (its main thread too) or Web Workers. Data passes through shared
 * windows; each rank reduces its own slice of it, so that the work is spread over the cores. Waiting threads sleep.
 *
 * A call that is wrong by itself (a root that is no rank, counts that do not add up) throws on the rank that made it alone;
 * a rank that gives up for whatever reason must call `abort`, or the others wait for it for ever. `startReplicas` of
 * `@unitsphere/collectives/node` sees to that.
 */
export class ThreadCommunicator implements Communicator {
  readonly size: number;
  /** Milliseconds spent waiting for other ranks so far: what the group loses to ranks that are not equally fast. */
  waitedMs = 0;
  readonly #rendezvous: Rendezvous;
  readonly #windows: Map<Dtype, NumericArray[][]> = new Map();
  #calls = 0;
  #meetings = 0;

  readonly #group: ThreadGroup;

  /**
   * @throws RangeError for a rank that the group does not have; CollectiveError on a thread that must not wait, such as a
   *   browser page's own.
   */
  constructor(
    group: ThreadGroup,
    readonly rank: number,
  ) {
    this.#group = group;

    this.size = group.size;
    if (!Number.isInteger(rank) || rank < 0 || rank >= group.size) {
      throw new RangeError(
        `ThreadCommunicator: the rank must be an integer from 0 to ${group.size - 1}, not ${rank}.`,
      );
    }
    checkMayWait();
    this.#rendezvous = new Rendezvous(group.control, group.size);
  }

  barrier(): void {
    this.#open({ operation: 'barrier', dtype: 'uint8', length: 0 });
  }

  broadcast(data: NumericArray, root = 0): void {
    checkRoot('broadcast', root, this.size);
    const call = this.#call('broadcast', data, { root });
    const room = this.#room(data);
    this.#inPieces(call, Math.ceil(data.length / room), (piece) => {
      const values = data.subarray(piece * room, (piece + 1) * room);
      if (this.rank === root) this.#window(call.dtype).set(values);
      return (windows) => {
        if (this.rank !== root) values.set(windows[root].subarray(0, values.length));
      };
    });
  }

  allReduce(data: Float32Array | Float64Array, op: ReduceOp = 'sum'): void {
    const call = this.#call('allReduce', data, { op });
    if (data.byteLength <= SMALL_BYTES && data.length <= this.#room(data)) {
      this.#window(call.dtype).set(data);
      const windows = this.#open(call) as Float32Array[];
      reduce(
        data,
        windows.map((window) => window.subarray(0, data.length)),
        op,
      );
      return;
    }
    const part = Math.floor(this.#room(data) / this.size);
    const slices = (piece: number) => {
      const whole = data.subarray(piece * part * this.size, (piece + 1) * part * this.size);
      let at = 0;
      return equalParts(whole.length, this.size).map((count) => {
        at += count;
        return whole.subarray(at - count, at);
      });
    };
    const pieces = Math.ceil(data.length / (part * this.size));
    // Each rank's window has a part for every rank's slice of this piece; its own part carries the result of the piece before.
    let before: ReturnType<typeof slices> | undefined;
    this.#inPieces(call, pieces + 1, (piece) => {
      const window = this.#window(call.dtype);
      const now = piece < pieces ? slices(piece) : undefined;
      const done = before;
      before = now;
      now?.forEach((slice, rank) => {
        if (rank !== this.rank) window.set(slice, rank * part);
      });
      if (done) window.set(done[this.rank], this.rank * part);
      return (windows) => {
        done?.forEach((slice, rank) => {
          if (rank !== this.rank) slice.set(windows[rank].subarray(rank * part, rank * part + slice.length));
        });
        if (now) this.#reducePart(now[this.rank], now[this.rank], windows as Float32Array[], part, op);
      };
    });
  }

  allGather<T extends NumericArray>(data: T): T {
    return this.#collect(this.#call('allGather', data, {}), data, true)!;
  }

  gather<T extends NumericArray>(data: T, root = 0): T | undefined {
    checkRoot('gather', root, this.size);
    return this.#collect(this.#call('gather', data, { root }), data, this.rank === root);
  }

  reduceScatter(data: Float32Array, counts?: readonly number[]): Float32Array {
    const parts = counts ?? this.#equalCounts(data.length);
    const offsets = partOffsets(parts, this.size, data.length);
    const call = this.#call('reduceScatter', data, { counts: parts });
    const part = Math.floor(this.#room(data) / this.size);
    const slice = (rank: number, piece: number) => {
      const from = offsets[rank] + piece * part;
      return data.subarray(from, Math.min(from + part, offsets[rank + 1]));
    };
    const out = new Float32Array(parts[this.rank]);
    this.#inPieces(call, Math.ceil(Math.max(...parts) / part), (piece) => {
      const window = this.#window(call.dtype);
      for (let rank = 0; rank < this.size; rank++) {
        if (rank !== this.rank) window.set(slice(rank, piece), rank * part);
      }
      return (windows) => {
        const own = slice(this.rank, piece);
        const into = out.subarray(piece * part, piece * part + own.length);
        this.#reducePart(into, own, windows as Float32Array[], part, 'sum');
      };
    });
    return out;
  }

  abort(reason: unknown): void {
    this.#rendezvous.abort(reason);
  }

  /** Shows this rank's data to the others, and puts all of it together where it is wanted. */
  #collect<T extends NumericArray>(call: Call, data: T, wanted: boolean): T | undefined {
    const room = this.#room(data);
    let lengths: number[] = [];
    const put = (piece: number) => {
      this.#window(call.dtype).set(data.subarray(piece * room, (piece + 1) * room));
    };
    put(0);
    let windows = this.#open(call, (headers) => {
      lengths = headers.map(lengthOf);
    });
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const out = wanted ? arrayOf<T>(call.dtype, total) : undefined;
    const pieces = Math.ceil(Math.max(...lengths) / room);
    for (let piece = 0; piece < pieces; piece++) {
      if (piece > 0) {
        put(piece);
        windows = this.#meet(call.dtype);
      }
      let at = 0;
      lengths.forEach((length, rank) => {
        const count = Math.min(room, length - piece * room);
        if (count > 0) out?.set(windows[rank].subarray(0, count), at + piece * room);
        at += length;
      });
    }
    return out;
  }

  /** Reduces this rank's part of all windows, with its own values from where they are. */
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

  #equalCounts(length: number): number[] {
    if (length % this.size !== 0) {
      throw new RangeError(
        `reduceScatter: ${length} values have no equal parts for ${this.size} ranks; give counts.`,
      );
    }
    return equalParts(length, this.size);
  }

  #call(operation: Call['operation'], data: NumericArray, rest: Pick<Call, 'root' | 'op' | 'counts'>): Call {
    return { operation, dtype: dtypeOf(data, operation), length: data.length, ...rest };
  }

  /** How many of the array's elements a window holds. */
  #room(data: NumericArray): number {
    return this.#group.windowBytes / data.BYTES_PER_ELEMENT;
  }

  /** Meets once a piece: `put` fills this rank's window and gives what reads the others'. The first meeting compares calls. */
  #inPieces(
    call: Call,
    pieces: number,
    put: (piece: number) => (windows: readonly NumericArray[]) => void,
  ): void {
    // Nothing to send is a call too.
    const take = pieces > 0 ? put(0) : () => {};
    take(this.#open(call));
    for (let piece = 1; piece < pieces; piece++) put(piece)(this.#meet(call.dtype));
  }

  /** The meeting that begins a call: all ranks see what each of them calls. */
  #open(call: Call, look?: (headers: readonly Int32Array[]) => void): readonly NumericArray[] {
    const at = this.#calls++;
    writeCall(call, this.#rendezvous.header(this.rank, at));
    const windows = this.#meet(call.dtype);
    const headers = Array.from({ length: this.size }, (_, rank) => this.#rendezvous.header(rank, at));
    const problem = mismatch(headers);
    if (problem) {
      this.abort(problem);
      throw new CollectiveMismatchError(problem);
    }
    look?.(headers);
    return windows;
  }

  /** Waits for all ranks; gives the windows they filled. They are read before the next meeting. */
  #meet(dtype: Dtype): readonly NumericArray[] {
    const before = performance.now();
    this.#rendezvous.meet();
    this.waitedMs += performance.now() - before;
    return this.#views(dtype)[this.#meetings++ % 2];
  }

  /** This rank's window for the next meeting. */
  #window(dtype: Dtype): NumericArray {
    return this.#views(dtype)[this.#meetings % 2][this.rank];
  }

  #views(dtype: Dtype): NumericArray[][] {
    let views = this.#windows.get(dtype);
    if (!views) {
      const { windowBytes, windows } = this.#group;
      const length = windowBytes / arrayOf(dtype, 0).BYTES_PER_ELEMENT;
      views = [0, 1].map((turn) =>
        Array.from({ length: this.size }, (_, rank) =>
          viewOf(dtype, windows, (turn * this.size + rank) * windowBytes, length),
        ),
      );
      this.#windows.set(dtype, views);
    }
    return views;
  }
}

/** @throws CollectiveError where the thread must not sleep. */
function checkMayWait(): void {
  try {
    // Returns at once where waiting is allowed: the value is another.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
  } catch (error) {
    throw new CollectiveError(
      "ThreadCommunicator: this thread must not wait for others (a browser page's own thread): run the training in a Worker.",
      { cause: error },
    );
  }
}
