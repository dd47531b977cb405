/**
 * A seeded stream of random numbers, the same on every machine and in every worker.
 *
 * A key identifies the stream: `new Random(seed, 'augment', epoch, index)` always yields the same numbers, regardless of
 * what was drawn before. Data workers therefore share no state, and a resumed run restores none.
 * Generator: xoshiro128** (Blackman & Vigna, 2018), seeded by hashing the key (MurmurHash3, 32 bit, four seeds).
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  readonly #key: readonly (number | string)[];

  /**
   * @param key Finite numbers and strings that identify the stream; their order matters.
   * @throws RangeError if the key is empty or contains a non-finite number.
   */
  constructor(...key: (number | string)[]) {
    if (key.length === 0) throw new RangeError('Random: the key is empty; give at least a seed.');
    this.#key = key;
    this.#a = hashKey(key, 0x9e3779b9);
    this.#b = hashKey(key, 0x243f6a88);
    this.#c = hashKey(key, 0xb7e15162);
    // The generator never leaves a state of four zeros, so one bit is always set.
    this.#d = hashKey(key, 0xdeadbeef) | 1;
  }

  /** Returns an independent stream whose key extends this one's. Drawing from one does not advance the other. */
  fork(...key: (number | string)[]): Random {
    return new Random(...this.#key, ...key);
  }

  /** Returns the four words of the generator's state, for a kernel that continues the stream. */
  saveState(): Uint32Array<ArrayBuffer> {
    return Uint32Array.of(this.#a, this.#b, this.#c, this.#d);
  }

  /**
   * Continues the stream from a state.
   * @param state Four words from `saveState`, possibly advanced by a kernel.
   */
  restoreState(state: Uint32Array): void {
    [this.#a, this.#b, this.#c, this.#d] = new Int32Array(state);
  }

  /** Draws 32 bits, as an integer in [0, 2³²). */
  uint32(): number {
    const result = Math.imul(rotl(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = rotl(this.#d, 11);
    return result;
  }

  /** Draws a double in [low, high), with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const unit = ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
    return low + unit * (high - low);
  }

  /** Draws from the normal distribution (Box–Muller; the second value of each pair is dropped to keep draws stateless). */
  normal(mean = 0, std = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + std * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /**
   * Draws an integer in [0, n), without modulo bias.
   * @throws RangeError if n is not an integer in [1, 2³²].
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 4294967296) {
      throw new RangeError(`Random.int: n must be an integer in [1, 2^32], not ${n}.`);
    }
    const limit = 4294967296 - (4294967296 % n);
    for (;;) {
      const draw = this.uint32();
      if (draw < limit) return draw % n;
    }
  }

  /** Returns true with probability p. */
  boolean(p = 0.5): boolean {
    return this.uniform() < p;
  }

  /**
   * Draws one element uniformly.
   * @throws RangeError if the list is empty.
   */
  pick<T>(items: ArrayLike<T>): T {
    if (items.length === 0) throw new RangeError('Random.pick: the list is empty.');
    return items[this.int(items.length)];
  }

  /** Shuffles in place (Fisher–Yates) and returns the same list. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = items[i];
      items[i] = items[j];
      items[j] = kept;
    }
    return items;
  }

  /** Returns the integers 0 … n−1 in random order. */
  permutation(n: number): Uint32Array {
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    return this.shuffle(order);
  }
}

/**
 * Returns a 32-bit hash of a key, the same on every machine: for data splits and random streams.
 * @throws RangeError if the key contains a non-finite number.
 */
export function hashKey(key: readonly (number | string)[], seed = 0): number {
  let h = seed | 0;
  let length = 0;
  const mix = (word: number) => {
    let k = Math.imul(word, 0xcc9e2d51);
    k = rotl(k, 15);
    k = Math.imul(k, 0x1b873593);
    h = Math.imul(rotl(h ^ k, 13), 5) + 0xe6546b64;
    length += 4;
  };
  for (const part of key) {
    if (typeof part === 'number') {
      if (!Number.isFinite(part))
        throw new RangeError(`Random: numbers in a key must be finite, not ${part}.`);
      doubles[0] = part;
      mix(0x6e);
      mix(words[0]);
      mix(words[1]);
    } else {
      mix(0x73);
      for (let i = 0; i < part.length; i++) mix(part.charCodeAt(i));
      mix(part.length);
    }
  }
  h ^= length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const doubles = new Float64Array(1);
const words = new Int32Array(doubles.buffer);

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
