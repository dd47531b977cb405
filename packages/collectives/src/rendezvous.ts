import { CollectiveAbortedError } from './errors.js';
import { reasonText } from './reason-text.js';

// int32 words of the control memory. TURN: the number of completed meetings × 2, and 1 once the group was aborted.
const TURN = 0;
const ARRIVED = 1;
const REASON_CLAIMED = 2;
const REASON_LENGTH = 3;
const HEADERS = 4;
const REASON_BYTES = 4096;

/** Numbers by which a rank says what it calls. */
export const HEADER_WORDS = 8;

/** Where the threads of a group wait for one another. Waiting threads sleep; none looks again and again. */
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

  /** Size of the control memory. */
  static bytes(size: number): number {
    return 4 * (HEADERS + 2 * size * HEADER_WORDS) + REASON_BYTES;
  }

  /** A rank's header. There are two in turn: a rank may be at its next call while another still reads of the last. */
  header(rank: number, call: number): Int32Array {
    const at = HEADERS + ((call % 2) * this.#size + rank) * HEADER_WORDS;
    return this.#words.subarray(at, at + HEADER_WORDS);
  }

  /**
   * Returns once all ranks are here. What a rank wrote to shared memory before it came, all see after.
   * @throws CollectiveAbortedError when the group is ended before that.
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
      // A meeting that took place has taken place, even if the group was ended right after.
      if (now >> 1 !== turn >> 1) return;
      if (now & 1) this.#throwAborted();
      Atomics.wait(words, TURN, now);
    }
  }

  /** Ends the group; the first reason stays. */
  abort(reason: unknown): void {
    const words = this.#words;
    if (Atomics.compareExchange(words, REASON_CLAIMED, 0, 1) === 0) {
      // Browsers encode to, and decode from, unshared memory only.
      const text = new Uint8Array(REASON_BYTES);
      const { written } = new TextEncoder().encodeInto(reasonText(reason) || 'no reason was given', text);
      this.#reasonBytes.set(text);
      Atomics.store(words, REASON_LENGTH, written);
      Atomics.notify(words, REASON_LENGTH);
    }
    // By a later caller too: should the first be killed half way, the rest still wake.
    Atomics.or(words, TURN, 1);
    Atomics.notify(words, TURN);
  }

  #throwAborted(): never {
    // Another thread may be writing it down just now, or have been killed while it did.
    Atomics.wait(this.#words, REASON_LENGTH, 0, 1000);
    const length = Atomics.load(this.#words, REASON_LENGTH);
    throw new CollectiveAbortedError(new TextDecoder().decode(this.#reasonBytes.slice(0, length)));
  }
}
