import type { Communicator, NumericArray, ReduceOp } from '@unitsphere/collectives';
import {
  arrayOf,
  type Call,
  checkRoot,
  describeCall,
  equalCounts,
  equalParts,
  partOffsets,
  reduce,
} from '@unitsphere/collectives/implementation';
import { AbortChannel } from './abort-channel.js';
import { Exchange, type Message } from './exchange.js';
import { type ChainCall, RankChain } from './hybrid/rank-chain.js';
import type { MpiFunctions } from './library/functions.js';
import type { OpenLibrary } from './library/open-library.js';
import { Opening } from './opening.js';
import { combine, type Floats, PartExchange, partBytes } from './part-exchange.js';
import { Progress, type WaitOptions } from './progress.js';
import { type PendingReduction, type Stages, StartedReduction } from './started-reduction.js';

// MPI counts elements in 32 bits.
const LARGEST = 2 ** 31 - 1;
const BROADCAST_BYTES = 2 ** 28;
// Every MPI has tags up to 32767.
const STARTED_TAGS = 2 ** 13;

/**
 * One rank of a group of processes, on one machine or many, that an MPI launcher started. Made by `connectMpi`. Results have
 * the same bits as those of a `ThreadCommunicator` of the same size: values are added in rank order.
 *
 * Arrays are sent from and received into their own memory, also on a WebAssembly heap. An invalid argument throws only on
 * the rank that passed it, and that rank must call `abort`, or the others wait until the timeout. After an abort MPI may
 * still read and write the arrays of the interrupted call, so the process should end.
 */
export class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  /** Name and version of the MPI library. */
  readonly version: string;
  /** Host name of every rank. */
  readonly hosts: readonly string[];
  readonly #mpi: MpiFunctions;
  readonly #aborts: AbortChannel;
  readonly #progress: Progress;
  readonly #opening: Opening;
  readonly #exchange: Exchange;
  readonly #parts: PartExchange;
  readonly #partBytes: number;
  /** Number of all-reduces that were started without waiting. */
  #started = 0;

  /** @internal Every rank must construct it at the same time. */
  constructor(
    { abi, version }: OpenLibrary,
    mpi: MpiFunctions,
    {
      host,
      timeoutMs,
      spins,
    }: Pick<WaitOptions, 'timeoutMs'> & {
      host: string;
      spins: (ranksOnHost: number) => Omit<WaitOptions, 'timeoutMs'>;
    },
  ) {
    this.#mpi = mpi;
    this.version = version;
    this.rank = mpi.rank();
    this.size = mpi.size();
    const options = { spinMs: 0, meetMs: 0, timeoutMs };
    this.#aborts = new AbortChannel(mpi, abi, this.rank, this.size);
    this.#progress = new Progress(mpi, abi, this.#aborts, options);
    this.#opening = new Opening(mpi, this.#progress, this.#aborts, this.size);
    this.#exchange = new Exchange(mpi, this.#progress);
    this.#parts = new PartExchange(mpi, this.#exchange, this.rank, this.size);
    const names = this.allGather(new TextEncoder().encode(`${host}\n`));
    this.hosts = new TextDecoder().decode(names).split('\n').slice(0, -1);
    Object.assign(options, spins(this.localSize));
    this.#partBytes = partBytes(this.size, new Set(this.hosts).size);
  }

  /** Number of ranks on this rank's host. */
  get localSize(): number {
    return this.hosts.filter((host) => host === this.hosts[this.rank]).length;
  }

  /** Number of this rank among those on its host: 0 … localSize − 1. */
  get localRank(): number {
    return this.hosts.slice(0, this.rank).filter((host) => host === this.hosts[this.rank]).length;
  }

  /** Milliseconds spent waiting for other ranks and for data so far. */
  get waitedMs(): number {
    return this.#progress.waitedMs;
  }

  barrier(): void {
    this.#opening.open({ operation: 'barrier', dtype: 'uint8', length: 0 }, new Uint8Array(0));
  }

  broadcast(data: NumericArray, root = 0): void {
    checkRoot('broadcast', root, this.size);
    const call = describeCall('broadcast', data, { root });
    const { inline } = this.#opening.open(call, data);
    if (inline) {
      data.set(inline[root]);
      return;
    }
    const { comm } = this.#progress;
    for (const piece of piecesOf(data)) {
      this.#progress.start('broadcast', (request) =>
        this.#mpi.startBroadcast(piece, piece.length, call.dtype, root, comm, request),
      )();
    }
  }

  allReduce(data: Floats, op: ReduceOp = 'sum'): void {
    const call = describeCall('allReduce', data, { op });
    const { inline } = this.#opening.open(call, data);
    if (inline) {
      reduce(data, inline as Float32Array[], op);
      return;
    }
    if (this.size === 1) return;
    const pieceLength = (this.#partBytes / data.BYTES_PER_ELEMENT) * this.size;
    const startPiece = (piece: number) => {
      const values = data.subarray(piece * pieceLength, (piece + 1) * pieceLength);
      const counts = equalParts(values.length, this.size);
      const offsets = partOffsets(counts, this.size, values.length);
      return {
        values,
        offsets,
        combine: this.#parts.start('allReduce', call.dtype, values, counts, offsets.slice(0, -1)),
      };
    };
    const pieces = Math.ceil(data.length / pieceLength);
    let next = startPiece(0);
    let waitForLast = () => {};
    for (let piece = 0; piece < pieces; piece++) {
      const { values, offsets, combine } = next;
      // The next piece arrives while this one is combined, and the last result while the next is.
      if (piece + 1 < pieces) next = startPiece(piece + 1);
      combine(values.subarray(offsets[this.rank], offsets[this.rank + 1]), op);
      waitForLast();
      waitForLast = this.#startAllGather(call, values, offsets);
    }
    waitForLast();
  }

  /**
   * Starts an all-reduce by sum and does not wait, so that this rank can compute while data moves. All ranks start it and wait for it
   * in the same order among their calls; other calls may come between. The bits are those of `allReduce`. The array must not be
   * used before `wait` returns.
   */
  startAllReduce(data: Floats): PendingReduction {
    return new StartedReduction(this.#reduceInStages(data));
  }

  allGather<T extends NumericArray>(data: T): T {
    const call = describeCall('allGather', data, {});
    const { lengths, inline } = this.#opening.open(call, data);
    const { out, offsets } = this.#place(call, data, lengths);
    if (inline) fill(out, inline, offsets);
    else this.#startAllGather(call, out, offsets)();
    return out;
  }

  gather<T extends NumericArray>(data: T, root = 0): T | undefined {
    checkRoot('gather', root, this.size);
    const call = describeCall('gather', data, { root });
    const { lengths, inline } = this.#opening.open(call, data);
    const { operation, dtype } = call;
    if (this.rank !== root) {
      if (!inline) this.#exchange.start({ operation, dtype, sends: [{ rank: root, data }] })();
      return undefined;
    }
    const { out, offsets } = this.#place(call, data, lengths);
    if (inline) fill(out, inline, offsets);
    else this.#exchange.start({ operation, dtype, receives: this.#partsOfOthers(out, offsets) })();
    return out;
  }

  reduceScatter(data: Float32Array, counts?: readonly number[]): Float32Array {
    const parts = counts ?? equalCounts(data.length, this.size);
    const offsets = partOffsets(parts, this.size, data.length);
    const call = describeCall('reduceScatter', data, { counts: parts });
    const { inline } = this.#opening.open(call, data);
    const [from, to] = [offsets[this.rank], offsets[this.rank + 1]];
    const out = data.slice(from, to);
    if (inline) {
      reduce(
        out,
        (inline as Float32Array[]).map((values) => values.subarray(from, to)),
        'sum',
      );
      return out;
    }
    checkLength('reduceScatter', data.length);
    const part = this.#partBytes / data.BYTES_PER_ELEMENT;
    const pieces = Math.ceil(Math.max(...parts) / part);
    const startPiece = (piece: number) =>
      this.#parts.start(
        'reduceScatter',
        call.dtype,
        data,
        parts.map((count) => Math.max(0, Math.min(part, count - piece * part))),
        parts.map((count, rank) => offsets[rank] + Math.min(count, piece * part)),
      );
    let next = startPiece(0);
    for (let piece = 0; piece < pieces; piece++) {
      const combine = next;
      if (piece + 1 < pieces) next = startPiece(piece + 1);
      combine(out.subarray(piece * part, (piece + 1) * part), 'sum');
    }
    return out;
  }

  /** @internal Begins a reduction along the ranks, which all of them begin. */
  startChain(call: ChainCall): RankChain {
    this.#aborts.check();
    return new RankChain(this.#mpi, this.#exchange, this.rank, this.size, call);
  }

  abort(reason: unknown): void {
    this.#aborts.abort(reason);
  }

  /**
   * Ends MPI in this process, after every rank has called it. MPI cannot be started again. After an abort it does nothing:
   * end the process with a code other than 0, and the launcher ends the others.
   */
  close(): void {
    if (this.#aborts.isAborted) return;
    this.barrier();
    this.#aborts.dispose();
    this.#mpi.finalize();
  }

  /** The stages of `startAllReduce`. */
  *#reduceInStages(data: Floats): Stages {
    const operation = 'allReduce';
    const call = describeCall(operation, data, { op: 'sum' });
    const { dtype } = call;
    // Ranks reach the later stages in any order with respect to other calls, so messages have tags of their own.
    const tag = 1 + 2 * (this.#started++ % STARTED_TAGS);
    const opened = this.#opening.begin(call);
    yield opened.pending;
    opened.compare();
    if (this.size === 1) return;
    const counts = equalParts(data.length, this.size);
    const offsets = partOffsets(counts, this.size, data.length);
    const own = data.subarray(offsets[this.rank], offsets[this.rank + 1]);
    const parts = this.#partsOfOthers(data, offsets);
    const received = parts.map(({ rank }) => ({ rank, data: own.slice() }));
    yield this.#exchange.begin({ operation, dtype, receives: received, sends: parts, tag });
    const inputs: Floats[] = received.map((message) => message.data);
    inputs.splice(this.rank, 0, own);
    combine(this.#mpi, inputs, { rank: this.rank, dtype, op: 'sum' });
    const sends = parts.map(({ rank }) => ({ rank, data: own }));
    yield this.#exchange.begin({ operation, dtype, receives: parts, sends, tag: tag + 1 });
  }

  /** Begins to fill `out` with the parts of all ranks, of which this rank's is in its place. */
  #startAllGather({ operation, dtype }: Call, out: NumericArray, offsets: readonly number[]): () => void {
    const receives = this.#partsOfOthers(out, offsets);
    const data = out.subarray(offsets[this.rank], offsets[this.rank + 1]);
    const sends = receives.map(({ rank }) => ({ rank, data }));
    return this.#exchange.start({ operation, dtype, receives, sends });
  }

  /** Returns the parts of an array that other ranks fill. */
  #partsOfOthers(out: NumericArray, offsets: readonly number[]): Message[] {
    return Array.from({ length: this.size }, (_, rank) => ({
      rank,
      data: out.subarray(offsets[rank], offsets[rank + 1]),
    })).filter(({ rank }) => rank !== this.rank);
  }

  /** Returns an array for the values of all ranks, in which this rank's are in their place. */
  #place<T extends NumericArray>(call: Call, data: T, lengths: readonly number[]) {
    let end = 0;
    const offsets = [0, ...lengths.map((length) => (end += length))];
    checkLength(call.operation, end);
    const out = arrayOf<T>(call.dtype, end);
    out.set(data, offsets[this.rank]);
    return { out, offsets };
  }
}

function fill(out: NumericArray, inputs: readonly NumericArray[], offsets: readonly number[]): void {
  inputs.forEach((input, rank) => {
    out.set(input, offsets[rank]);
  });
}

/** @throws RangeError if MPI cannot count the elements. */
function checkLength(operation: string, length: number): void {
  if (length > LARGEST) {
    throw new RangeError(
      `${operation}: MPI exchanges at most ${LARGEST} values at once, not ${length}. Divide the array.`,
    );
  }
}

/** Yields the array in pieces whose elements MPI can count. */
function* piecesOf(data: NumericArray): Generator<NumericArray> {
  const length = BROADCAST_BYTES / data.BYTES_PER_ELEMENT;
  for (let from = 0; from < data.length; from += length) yield data.subarray(from, from + length);
}
