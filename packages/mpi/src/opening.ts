import { CollectiveMismatchError, type NumericArray } from '@unitsphere/collectives';
import {
  type Call,
  HEADER_WORDS,
  lengthOf,
  mismatch,
  viewOf,
  writeCall,
} from '@unitsphere/collectives/implementation';
import type { AbortChannel } from './abort-channel.js';
import type { MpiFunctions } from './library/functions.js';
import type { Pending, Progress } from './progress.js';

const HEADER_BYTES = 4 * HEADER_WORDS;
/** Data of at most this size travels with the description of the call, which saves a second exchange. */
export const INLINE_BYTES = 1024;
/** Word of a header that tells a call that was started from one that waits. `writeCall` leaves it 0. */
const STARTED = HEADER_WORDS - 1;
const SLOT_BYTES = HEADER_BYTES + INLINE_BYTES;

/** What the ranks told one another at the beginning of a call. */
export interface Opened {
  /** Length of every rank's array. */
  lengths: number[];
  /** Every rank's values if all fit, valid until the next call. */
  inline?: NumericArray[];
}

/** The first exchange of a call: every rank shows what it called, and its data if it is short. */
export class Opening {
  readonly #mpi: MpiFunctions;
  readonly #progress: Progress;
  readonly #aborts: AbortChannel;
  readonly #own = new Uint8Array(SLOT_BYTES);
  readonly #all: Uint8Array;
  readonly #headers: Int32Array[];

  constructor(mpi: MpiFunctions, progress: Progress, aborts: AbortChannel, size: number) {
    this.#mpi = mpi;
    this.#progress = progress;
    this.#aborts = aborts;
    this.#all = new Uint8Array(size * SLOT_BYTES);
    this.#headers = Array.from(
      { length: size },
      (_, rank) => new Int32Array(this.#all.buffer, rank * SLOT_BYTES, HEADER_WORDS),
    );
  }

  /**
   * @throws CollectiveMismatchError on every rank if the calls differ; CollectiveAbortedError if the group has ended.
   */
  open(call: Call, data: NumericArray): Opened {
    this.#aborts.check();
    const own = this.#own;
    writeCall(call, new Int32Array(own.buffer, 0, HEADER_WORDS));
    if (data.byteLength <= INLINE_BYTES) {
      own.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), HEADER_BYTES);
    }
    const { comm } = this.#progress;
    this.#progress.meet(call.operation, (request) => this.#mpi.startAllGather(own, this.#all, comm, request));
    this.#compare(this.#headers);
    const lengths = this.#headers.map(lengthOf);
    const fits = lengths.every((length) => length * data.BYTES_PER_ELEMENT <= INLINE_BYTES);
    if (!fits) return { lengths };
    const inline = lengths.map((length, rank) =>
      viewOf(call.dtype, this.#all.buffer, rank * SLOT_BYTES + HEADER_BYTES, length),
    );
    return { lengths, inline };
  }

  /**
   * Begins to show the other ranks a call without data, and does not wait for them.
   * @returns The requests, the memory that they read, and the function that compares the calls when they are complete.
   */
  begin(call: Call): { pending: Pending; own: Uint8Array; compare: () => void } {
    this.#aborts.check();
    // As long as those of calls that wait, so that the ranks' exchanges match even if their calls do not.
    const own = new Uint8Array(new ArrayBuffer(SLOT_BYTES));
    const all = new Uint8Array(new ArrayBuffer(this.#headers.length * SLOT_BYTES));
    const header = new Int32Array(own.buffer, 0, HEADER_WORDS);
    writeCall(call, header);
    header[STARTED] = 1;
    const { comm } = this.#progress;
    const pending = this.#progress.begin(call.operation, (request) =>
      this.#mpi.startAllGather(own, all, comm, request),
    );
    const headers = this.#headers.map(
      (_, rank) => new Int32Array(all.buffer, rank * SLOT_BYTES, HEADER_WORDS),
    );
    return { pending, own, compare: () => this.#compare(headers) };
  }

  #compare(headers: readonly Int32Array[]): void {
    const problem = mismatch(headers);
    if (!problem) return;
    // A rank that started the call may wait in another one before it compares.
    if (headers.some((header) => header[STARTED] === 1)) this.#aborts.abort(problem);
    else this.#aborts.close(problem);
    throw new CollectiveMismatchError(problem);
  }
}
