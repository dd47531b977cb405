import type { AbortChannel } from './abort-channel.js';
import type { Abi, Handle } from './library/abi.js';
import type { Memory, MpiFunctions } from './library/functions.js';

/** How a rank waits for the others. */
export interface WaitOptions {
  /** Milliseconds without sleep at the beginning of a wait for data. A sleeping rank does not move data. */
  spinMs: number;
  /** The same for a wait for other ranks, which may compute. A rank that does not sleep takes time from other threads. */
  meetMs: number;
  /** Milliseconds after which a wait ends the group. */
  timeoutMs: number;
}

// Sleep between two looks, in milliseconds: short while data may move, longer while another rank computes.
const SHORT_SLEEP_MS = 0.05;
const LONG_SLEEP_MS = 1;
const LONG_WAIT_MS = 50;
// Data moves while a rank looks, and a check for aborts takes as long as a look.
const LOOKS_A_CHECK = 16;

/** Requests that are under way. */
export interface Pending {
  /** Makes progress and returns whether all are complete. */
  isDone(): boolean;
  /** Waits until all are complete. */
  wait: () => void;
}

/** Requests that this rank waits for, while it watches for an abort and for the time. */
export class Progress {
  /** Milliseconds spent waiting for other ranks so far. */
  waitedMs = 0;
  readonly #mpi: MpiFunctions;
  readonly #abi: Abi;
  readonly #aborts: AbortChannel;
  readonly #options: WaitOptions;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  readonly comm: Handle;

  constructor(mpi: MpiFunctions, abi: Abi, aborts: AbortChannel, options: WaitOptions) {
    this.#mpi = mpi;
    this.#abi = abi;
    this.#aborts = aborts;
    this.#options = options;
    this.comm = mpi.duplicateWorld();
  }

  /**
   * Starts requests. Returns the function that waits until they are complete.
   * @param starts Each starts one request.
   * @param operation Name of the call, for errors.
   */
  start(operation: string, ...starts: ((request: Memory) => void)[]): () => void {
    return this.begin(operation, ...starts).wait;
  }

  /** Starts requests, see `start`. */
  begin(operation: string, ...starts: ((request: Memory) => void)[]): Pending {
    const requests = this.#abi.handles(starts.length);
    starts.forEach((begin, i) => {
      begin(requests.subarray(i, i + 1));
    });
    return {
      isDone: () => this.#mpi.testAll(starts.length, requests),
      wait: () => this.#wait(operation, starts.length, requests, this.#options.spinMs),
    };
  }

  /** Starts a request that needs all ranks, and waits for them. */
  meet(operation: string, start: (request: Memory) => void): void {
    const request = this.#abi.handles(1);
    start(request);
    this.#wait(operation, 1, request, this.#options.meetMs);
  }

  /**
   * @throws CollectiveAbortedError if the group ends first, or the time is over. MPI may then still read and write the
   *   memory of the requests.
   */
  #wait(operation: string, count: number, requests: Memory, spinMs: number): void {
    const begun = performance.now();
    const { timeoutMs } = this.#options;
    let isSlow = false;
    // A completed request counts, even if the group was aborted right after.
    for (let looks = 1; !this.#mpi.testAll(count, requests); looks++) {
      if (!isSlow && looks % LOOKS_A_CHECK > 0) continue;
      this.#aborts.check();
      const waited = performance.now() - begun;
      if (waited > timeoutMs) {
        this.#aborts.abort(`a rank waited ${timeoutMs / 1000} s in ${operation} for the other ranks`);
        this.#aborts.check();
      }
      isSlow = waited > spinMs;
      if (isSlow) {
        Atomics.wait(this.#sleeper, 0, 0, waited > LONG_WAIT_MS ? LONG_SLEEP_MS : SHORT_SLEEP_MS);
      }
    }
    this.waitedMs += performance.now() - begun;
  }
}
