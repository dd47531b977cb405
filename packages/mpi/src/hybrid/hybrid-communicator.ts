import {
  CollectiveAbortedError,
  CollectiveError,
  CollectiveMismatchError,
  type Communicator,
  type NumericArray,
  type ReduceOp,
} from '@unitsphere/collectives';
import {
  arrayOf,
  type Call,
  checkRoot,
  describeCall,
  equalCounts,
  HEADER_WORDS,
  lengthOf,
  mismatch,
  partOffsets,
  reduce,
  viewOf,
  writeCall,
} from '@unitsphere/collectives/implementation';
import type { MpiCommunicator } from '../mpi-communicator.js';
import { INLINE_BYTES } from '../opening.js';
import type { Floats } from '../part-exchange.js';

/** Where the threads of a process stand in a group of processes. */
export interface HybridPlace {
  /** Number of the process: 0 … processes − 1. */
  process: number;
  /** Number of processes. Each has as many threads. */
  processes: number;
}

/** The communicator of the processes of a group: `MpiCommunicator`. */
export type ProcessCommunicator = Communicator & Pick<MpiCommunicator, 'startChain'>;

const HEADER_BYTES = 4 * HEADER_WORDS;
// Short pieces follow one another closely along the processes. Each costs two meetings of the threads.
const SHORTEST_PIECE_BYTES = 2 ** 14;
const LONGEST_PIECE_BYTES = 2 ** 17;
const PIECES_A_LINK = 8;

/**
 * One thread of a group of processes that each have several threads: the rank is process · threads + thread. Threads of a process
 * exchange data by shared memory, and thread 0 of each process by MPI with the other processes. Results have the same bits as those of
 * as many threads or processes: values are combined in the order of their ranks.
 *
 * An abort of a thread other than 0 reaches other processes when thread 0 of its process makes its next call.
 */
export class HybridCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  readonly #threads: Communicator;
  readonly #place: HybridPlace;
  /** Present on thread 0. */
  readonly #processes: ProcessCommunicator | undefined;
  readonly #inlineBytes: number;
  readonly #slot: Uint8Array;
  readonly #slots: Uint8Array;
  readonly #headers: Int32Array[];
  /** How calls differed, which ended the group. Every rank has compared them itself. */
  #mismatch: string | undefined;

  /**
   * @param threads The threads of this process.
   * @param place On thread 0, the communicator of the processes. On other threads, its rank and size.
   */
  constructor(threads: Communicator, place: ProcessCommunicator | HybridPlace) {
    this.#threads = threads;
    if ('process' in place) this.#place = place;
    else {
      this.#place = { process: place.rank, processes: place.size };
      this.#processes = place;
    }
    if (threads.rank === 0 && !this.#processes) {
      throw new CollectiveError('HybridCommunicator: thread 0 needs the communicator of the processes.');
    }
    const { process, processes } = this.#place;
    this.rank = process * threads.size + threads.rank;
    this.size = processes * threads.size;
    // The slots of a process's threads travel with the description of one call of MPI.
    const slotBytes = Math.max(HEADER_BYTES, 8 * Math.floor(INLINE_BYTES / threads.size / 8));
    this.#inlineBytes = slotBytes - HEADER_BYTES;
    this.#slot = new Uint8Array(slotBytes);
    this.#slots = new Uint8Array(this.size * slotBytes);
    this.#headers = Array.from(
      { length: this.size },
      (_, rank) => new Int32Array(this.#slots.buffer, rank * slotBytes, HEADER_WORDS),
    );
  }

  barrier(): void {
    this.#call(() => this.#open({ operation: 'barrier', dtype: 'uint8', length: 0 }, new Uint8Array(0)));
  }

  broadcast(data: NumericArray, root = 0): void {
    checkRoot('broadcast', root, this.size);
    const call = describeCall('broadcast', data, { root });
    this.#call(() => {
      const { inline } = this.#open(call, data);
      if (inline) {
        data.set(inline[root]);
        return;
      }
      const [process, thread] = this.#placeOf(root);
      const isHere = process === this.#place.process;
      if (isHere) this.#threads.broadcast(data, thread);
      this.#processes?.broadcast(data, process);
      if (!isHere) this.#threads.broadcast(data);
    });
  }

  allReduce(data: Floats, op: ReduceOp = 'sum'): void {
    const call = describeCall('allReduce', data, { op });
    this.#call(() => {
      const { inline } = this.#open(call, data);
      if (inline) reduce(data, inline as Float32Array[], op);
      else this.#reduceInOrder(call, data, op);
    });
  }

  allGather<T extends NumericArray>(data: T): T {
    const call = describeCall('allGather', data, {});
    return this.#call(() => {
      const { lengths, inline } = this.#open(call, data);
      if (inline) return concatenate<T>(call, inline, lengths);
      const own = this.#threads.gather(data);
      const out = arrayOf<T>(call.dtype, total(lengths));
      if (this.#processes && own) out.set(this.#processes.allGather(own));
      this.#threads.broadcast(out);
      return out;
    });
  }

  gather<T extends NumericArray>(data: T, root = 0): T | undefined {
    checkRoot('gather', root, this.size);
    const call = describeCall('gather', data, { root });
    return this.#call(() => {
      const { lengths, inline } = this.#open(call, data);
      if (inline) return this.rank === root ? concatenate<T>(call, inline, lengths) : undefined;
      const [process, thread] = this.#placeOf(root);
      const own = this.#threads.gather(data);
      const all = own && this.#processes?.gather(own, process);
      if (process !== this.#place.process || thread === 0) return all;
      const out = all ?? arrayOf<T>(call.dtype, total(lengths));
      this.#threads.broadcast(out);
      return this.rank === root ? out : undefined;
    });
  }

  reduceScatter(data: Float32Array, counts?: readonly number[]): Float32Array {
    const parts = counts ?? equalCounts(data.length, this.size);
    const offsets = partOffsets(parts, this.size, data.length);
    const call = describeCall('reduceScatter', data, { counts: parts });
    const [from, to] = [offsets[this.rank], offsets[this.rank + 1]];
    return this.#call(() => {
      const { inline } = this.#open(call, data);
      const all = data.slice();
      if (inline) reduce(all, inline as Float32Array[], 'sum');
      else this.#reduceInOrder(call, all, 'sum');
      return all.slice(from, to);
    });
  }

  abort(reason: unknown): void {
    this.#threads.abort(reason);
    this.#processes?.abort(reason);
  }

  /** Makes a call. If it ends the group of the threads or of the processes, the other group ends, too. */
  #call<T>(call: () => T): T {
    if (this.#mismatch !== undefined) throw new CollectiveAbortedError(this.#mismatch);
    try {
      return call();
    } catch (error) {
      // An abort could overtake the comparison on a slower rank.
      if (this.#mismatch !== undefined) throw error;
      if (error instanceof CollectiveAbortedError) this.abort(error.reason);
      else this.abort(error);
      throw error;
    }
  }

  /** The first exchange of a call: every rank shows what it called, and its data if it is short. */
  #open(call: Call, data: NumericArray): { lengths: number[]; inline?: NumericArray[] } {
    const slot = this.#slot;
    writeCall(call, new Int32Array(slot.buffer, 0, HEADER_WORDS));
    if (data.byteLength <= this.#inlineBytes) {
      slot.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), HEADER_BYTES);
    }
    const own = this.#threads.gather(slot);
    if (this.#processes && own) this.#slots.set(this.#processes.allGather(own));
    this.#threads.broadcast(this.#slots);
    const problem = mismatch(this.#headers);
    if (problem) {
      this.#mismatch = problem;
      throw new CollectiveMismatchError(problem);
    }
    const lengths = this.#headers.map(lengthOf);
    if (lengths.some((length) => length * data.BYTES_PER_ELEMENT > this.#inlineBytes)) return { lengths };
    const inline = lengths.map((length, rank) =>
      viewOf(call.dtype, this.#slots.buffer, rank * slot.length + HEADER_BYTES, length),
    );
    return { lengths, inline };
  }

  /** Replaces the values by the combination of all ranks' values, piece by piece along the processes. */
  #reduceInOrder({ dtype }: Call, data: Floats, op: ReduceOp): void {
    const { process, processes } = this.#place;
    const links = processes - 1;
    const pieceBytes = Math.min(
      LONGEST_PIECE_BYTES,
      Math.max(SHORTEST_PIECE_BYTES, data.byteLength / (PIECES_A_LINK * links || 1)),
    );
    const pieceLength = Math.ceil(pieceBytes / data.BYTES_PER_ELEMENT);
    const pieces = Math.ceil(data.length / pieceLength);
    const pieceOf = (piece: number) => data.subarray(piece * pieceLength, (piece + 1) * pieceLength);
    // A piece comes back after it has passed all further processes twice. Meanwhile the next ones are sent.
    const depth = Math.min(pieces, 2 * (links - process) + 1);
    const chain = this.#processes?.startChain({ out: data, dtype, op, pieceLength, terms: this.size });
    for (let piece = 0; piece < pieces + depth; piece++) {
      if (piece < pieces) {
        const all = this.#threads.gather(pieceOf(piece));
        if (all) chain?.add(piece, split(all, this.#threads.size));
      }
      if (piece < depth) continue;
      chain?.finish(piece - depth);
      this.#threads.broadcast(pieceOf(piece - depth));
    }
    chain?.end();
  }

  /** Returns the process and the thread of a rank. */
  #placeOf(rank: number): [process: number, thread: number] {
    const { size } = this.#threads;
    return [Math.floor(rank / size), rank % size];
  }
}

function concatenate<T extends NumericArray>(
  { dtype }: Call,
  parts: readonly NumericArray[],
  lengths: readonly number[],
): T {
  const out = arrayOf<T>(dtype, total(lengths));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const total = (lengths: readonly number[]) => lengths.reduce((sum, length) => sum + length, 0);

function split(values: Floats, parts: number): Floats[] {
  const length = values.length / parts;
  return Array.from({ length: parts }, (_, part) => values.subarray(part * length, (part + 1) * length));
}
