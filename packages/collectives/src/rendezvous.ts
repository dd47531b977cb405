import { CollectiveAbortedError } from './errors.js';
import { reasonText } from './reason-text.js';

// int32 words of the control memory. TURN is twice the number of completed meetings, plus 1 if the group was aborted.
const TURN = 0;
const ARRIVED = 1;
const REASON_CLAIMED = 2;
const REASON_LENGTH = 3;
const HEADERS = 4;
const REASON_BYTES = 4096;

/** Number of int32 words in the header that describes a rank's call. */
export const HEADER_WORDS = 8;

/** Meeting point at which the threads of a group wait for one another. Waiting threads sleep without polling. */
export class Rendezvous {
  readonly #words: Int32Array;
  readonly #reasonBytes: Uint8Array;
  readonly #size: number;

  constructor(control: SharedArrayBuffer, size: number) {
    this.#size = size;
    const words = HEADERS + 2 * size * HEADER_WORDS;
    this.#words = new Int32Array(control, 0, words);
    this.#reasonBytes = new Uint8Array(control, 4 * words, REASON_BYTES);
  }

  /** Returns the size of the control memory in bytes. */
  static bytes(size: number): number {
    return 4 * (HEADERS + 2 * size * HEADER_WORDS) + REASON_BYTES;
  }

  /** Returns a rank's header. Each rank has two in turn, because others may still read the last one at its next call. */
  header(rank: number, call: number): Int32Array {
    const at = HEADERS + ((call % 2) * this.#size + rank) * HEADER_WORDS;
    return this.#words.subarray(at, at + HEADER_WORDS);
  }

  /**
   * Waits until all ranks have called it. Each then sees what the others wrote to shared memory before.
   * @throws CollectiveAbortedError if the group is aborted before.
   */
  meet(): void {
    const words = this.#words;
    const turn = Atomics.load(words, TURN);
    if (turn & 1) this.#throwAborted();
    if (Atomics.add(words, ARRIVED, 1) + 1 === this.#size) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, TURN, 2);
      Atomics.notify(words, TURN);
      return;
    }
    for (;;) {
      const now = Atomics.load(words, TURN);
      // A completed meeting counts, even if the group was aborted right after.
      if (now >> 1 !== turn >> 1) return;
      if (now & 1) this.#throwAborted();
      Atomics.wait(words, TURN, now);
    }
  }

  /** Ends the group. The first reason is kept. */
  abort(reason: unknown): void {
    const words = this.#words;
    if (Atomics.compareExchange(words, REASON_CLAIMED, 0, 1) === 0) {
      // Browsers encode to and decode from unshared memory only.
      const text = new Uint8Array(REASON_BYTES);
      const { written } = new TextEncoder().encodeInto(reasonText(reason) || 'no reason was given', text);
      this.#reasonBytes.set(text);
      Atomics.store(words, REASON_LENGTH, written);
      Atomics.notify(words, REASON_LENGTH);
    }
    // Later callers do this, too, in case the first was killed before.
    Atomics.or(words, TURN, 1);
    Atomics.notify(words, TURN);
  }

  #throwAborted(): never {
    // Waits for a thread that is writing the reason. It may have been killed, so the wait is limited.
    Atomics.wait(this.#words, REASON_LENGTH, 0, 1000);
    const length = Atomics.load(this.#words, REASON_LENGTH);
    throw new CollectiveAbortedError(new TextDecoder().decode(this.#reasonBytes.slice(0, length)));
  }
}
