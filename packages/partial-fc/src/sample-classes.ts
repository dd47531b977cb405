import { Random } from '@unitsphere/core';

/** Chooses the classes of a step. */
export interface Sampler {
  /** Whether every sample is all of the classes. */
  readonly samplesAll: boolean;
  /**
   * The classes of a step, ascending, each once, the positives among them; the same on every rank and at every call.
   * @param positives The classes of the batch, in any order and number.
   * @param step How many steps were applied before.
   */
  sample(positives: Int32Array, step: number): Int32Array;
}

/**
 * Draws the classes of a step: all that the batch has, and as many others as fit the count, uniformly and each once.
 * Its time grows with the sample, not with the classes.
 */
export class ClassSampler implements Sampler {
  readonly #classes: number;
  readonly #count: number;
  readonly #seed: number;
  // One bit a class, all 0 between calls.
  readonly #bits: Uint32Array;

  /** @param count How many classes a sample has, unless the batch has more. */
  constructor(classes: number, count: number, seed: number) {
    this.#classes = classes;
    this.#count = Math.min(count, classes);
    this.#seed = seed;
    this.#bits = new Uint32Array(this.samplesAll ? 0 : Math.ceil(classes / 32));
  }

  /** Whether every sample is all of the classes. */
  get samplesAll(): boolean {
    return this.#count >= this.#classes;
  }

  /**
   * The sample of a step, ascending: the same for the same seed, step and batch, whatever was drawn before.
   * @param positives The classes of the batch, in any order and number, each in [0, classes).
   */
  sample(positives: Int32Array, step: number): Int32Array {
    if (this.samplesAll) return Int32Array.from({ length: this.#classes }, (_, i) => i);
    const unique = this.#mark(positives);
    const wanted = Math.max(this.#count, unique.length);
    const random = new Random(this.#seed, 'partial-fc', 'negatives', step);
    // Whichever is fewer is drawn: those that join, or, of nearly all, those that stay out.
    const outside = this.#classes - unique.length;
    const negatives = wanted - unique.length;
    return 2 * negatives <= outside
      ? this.#sorted(this.#draw(negatives, random, unique), wanted)
      : this.#complement(unique, this.#draw(outside - negatives, random, unique), wanted);
  }

  #mark(classes: Int32Array): Int32Array {
    return classes.filter((number) => this.#set(number));
  }

  /** Sets a class's bit; whether it was 0. */
  #set(number: number): boolean {
    const [word, bit] = [number >>> 5, 1 << (number & 31)];
    if (this.#bits[word] & bit) return false;
    this.#bits[word] |= bit;
    return true;
  }

  /** That many classes whose bit is 0, which sets it, behind those given. */
  #draw(count: number, random: Random, given: Int32Array): Int32Array {
    const drawn = new Int32Array(given.length + count);
    drawn.set(given);
    for (let at = given.length; at < drawn.length; ) {
      const number = random.int(this.#classes);
      if (this.#set(number)) drawn[at++] = number;
    }
    return drawn;
  }

  /** The marked classes in order, their bits 0 again. */
  #sorted(marked: Int32Array, wanted: number): Int32Array {
    // Where a sixteenth of the words has a bit set, reading all of them is quicker than sorting.
    if (this.#bits.length > 16 * wanted) {
      for (const number of marked) this.#bits[number >>> 5] = 0;
      return marked.sort();
    }
    return this.#takeOnes(wanted);
  }

  /** All classes but those drawn, in order; the bits 0 again. */
  #complement(positives: Int32Array, marked: Int32Array, wanted: number): Int32Array {
    // Positives are in: only those drawn after them stay out.
    for (const number of positives) this.#bits[number >>> 5] &= ~(1 << (number & 31));
    for (let word = 0; word < this.#bits.length; word++) this.#bits[word] = ~this.#bits[word];
    const unused = this.#bits.length * 32 - this.#classes;
    if (unused > 0) this.#bits[this.#bits.length - 1] &= 0xffffffff >>> unused;
    const taken = this.#takeOnes(wanted);
    if (taken.length !== this.#classes - (marked.length - positives.length)) {
      throw new Error('ClassSampler: lost count of the sample.');
    }
    return taken;
  }

  #takeOnes(count: number): Int32Array {
    const taken = new Int32Array(count);
    let at = 0;
    for (let word = 0; word < this.#bits.length; word++) {
      let bits = this.#bits[word];
      if (bits === 0) continue;
      this.#bits[word] = 0;
      while (bits !== 0) {
        const lowest = 31 - Math.clz32(bits & -bits);
        taken[at++] = word * 32 + lowest;
        bits &= bits - 1;
      }
    }
    return taken;
  }
}
