import { CollectiveAbortedError } from '@unitsphere/collectives';
import { reasonText } from '@unitsphere/collectives/implementation';
import type { Abi, Handle } from './library/abi.js';
import type { MpiFunctions } from './library/functions.js';

const TAG = 1;
// Short messages are sent at once, without waiting for the receiver.
const REASON_BYTES = 1024;
// A rank that has died never takes its message.
const SEND_MS = 1000;

/**
 * Carries the reason of `abort` to all ranks. It has a communicator of its own, in which every rank waits for one message
 * from the beginning. So the reason arrives whatever the ranks do, as soon as they call MPI.
 */
export class AbortChannel {
  /** Reason with which the group ended. */
  #reason: string | undefined;
  readonly #mpi: MpiFunctions;
  readonly #abi: Abi;
  readonly #comm: Handle;
  readonly #rank: number;
  readonly #size: number;
  readonly #inbox = new Uint8Array(REASON_BYTES);
  readonly #request;
  /** Memory of messages on their way, which must not be collected. */
  readonly #sent: unknown[] = [];

  constructor(mpi: MpiFunctions, abi: Abi, rank: number, size: number) {
    this.#mpi = mpi;
    this.#abi = abi;
    this.#rank = rank;
    this.#size = size;
    this.#comm = mpi.duplicateWorld();
    this.#request = abi.handles(1);
    mpi.startReceive(this.#inbox, REASON_BYTES, 'uint8', undefined, TAG, this.#comm, this.#request);
  }

  /** Whether the group has ended, as far as this rank knows. */
  get isAborted(): boolean {
    return this.#reason !== undefined;
  }

  /** @throws CollectiveAbortedError if a rank has ended the group. */
  check(): void {
    if (this.#reason === undefined && this.#mpi.test(this.#request)) {
      const end = this.#inbox.indexOf(0);
      this.#reason = new TextDecoder().decode(this.#inbox.subarray(0, end < 0 ? undefined : end));
    }
    if (this.#reason !== undefined) throw new CollectiveAbortedError(this.#reason);
  }

  /** Ends the group on this rank only, because the other ranks have the same reason. */
  close(reason: string): void {
    this.#reason ??= reason;
  }

  /** Ends the group and tells the other ranks. The first reason is kept. Returns when the messages are on their way. */
  abort(reason: unknown): void {
    if (this.#reason !== undefined) return;
    const text = new Uint8Array(REASON_BYTES);
    const { written } = new TextEncoder().encodeInto(reasonText(reason) || 'no reason was given', text);
    this.#reason = new TextDecoder().decode(text.subarray(0, written));
    const requests = this.#abi.handles(this.#size - 1);
    this.#sent.push(text, requests);
    let count = 0;
    for (let rank = 0; rank < this.#size; rank++) {
      if (rank === this.#rank) continue;
      const request = requests.subarray(count, count + 1);
      try {
        this.#mpi.startSend(text, REASON_BYTES, 'uint8', rank, TAG, this.#comm, request);
        count++;
      } catch {
        // The rank is gone, and the others still need the reason.
      }
    }
    const begun = performance.now();
    try {
      while (!this.#mpi.testAll(count, requests) && performance.now() - begun < SEND_MS);
    } catch {
      // As above.
    }
  }

  /** Ends the wait for a message, so that MPI can be finalized. */
  dispose(): void {
    this.#mpi.cancel(this.#request);
  }
}
