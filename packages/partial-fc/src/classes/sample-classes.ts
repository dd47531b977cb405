import { Random } from '@unitsphere/core';

/** Chooses the classes of a step. */
export interface Sampler {
  /** Whether every sample contains all classes. */
  readonly samplesAll: boolean;
  /**
   * Returns the classes of a step, ascending, without duplicates, the positives included. The result must not depend on the
   * rank or on earlier calls.
   * @param positives Classes of the batch, in any order, duplicates allowed.
   * @param step Number of steps applied before.
   */
  sample(positives: Int32Array, step: number): Int32Array;
}

/**
 * Samples all classes of the batch and fills up to the sample size with other classes, drawn uniformly without
 * replacement. The time grows with the sample, not with the number of classes.
 */
export class ClassSampler implements Sampler {
  readonly #classes: number;
  readonly #count: number;
  readonly #seed: number;
  // One bit per class, all 0 between calls.
  readonly #bits: Uint32Array;

  /** @param count Sample size. A batch with more classes has a larger sample. */
  constructor(classes: number, count: number, seed: number) {
    this.#classes = classes;
    this.#count = Math.min(count, classes);
    this.#seed = seed;
    this.#bits = new Uint32Array(this.samplesAll ? 0 : Math.ceil(classes / 32));
  }

  /** Whether every sample contains all classes. */
  get samplesAll(): boolean {
    return this.#count >= this.#classes;
  }

  /**
   * Returns the sample of a step, ascending. It depends on the seed, the step and the batch alone, not on earlier calls.
   * @param positives Classes of the batch, each in [0, classes), in any order, duplicates allowed.
   */
  sample(positives: Int32Array, step: number): Int32Array {
    if (this.samplesAll) return Int32Array.from({ length: this.#classes }, (_, i) => i);
    const unique = this.#mark(positives);
    const wanted = Math.max(this.#count, unique.length);
    const random = new Random(this.#seed, 'partial-fc', 'negatives', step);
    // Draws the smaller set: the negatives to include, or those to exclude.
    const outside = this.#classes - unique.length;
    const negatives = wanted - unique.length;
    return 2 * negatives <= outside
      ? this.#sort(this.#draw(negatives, random, unique), wanted)
      : this.#complement(unique, this.#draw(outside - negatives, random, unique), wanted);
  }

  /** Sets the bits of the classes and returns the classes without duplicates. */
  #mark(classes: Int32Array): Int32Array {
    return classes.filter((number) => this.#set(number));
  }

  /** Sets the bit of a class. Returns whether it was 0. */
  #set(number: number): boolean {
    const [word, bit] = [number >>> 5, 1 << (number & 31)];
    if (this.#bits[word] & bit) return false;
    this.#bits[word] |= bit;
    return true;
  }

  /** Draws `count` classes whose bit is 0 and sets it. Returns the given classes followed by the drawn ones. */
  #draw(count: number, random: Random, given: Int32Array): Int32Array {
    const drawn = new Int32Array(given.length + count);
    drawn.set(given);
    for (let at = given.length; at < drawn.length; ) {
      const number = random.int(this.#classes);
      if (this.#set(number)) drawn[at++] = number;
    }
    return drawn;
  }

  /** Returns the marked classes in ascending order and clears their bits. */
  #sort(marked: Int32Array, wanted: number): Int32Array {
    // Scanning all words is faster than sorting if at least a sixteenth of them has a bit set.
    if (this.#bits.length > 16 * wanted) {
      for (const number of marked) this.#bits[number >>> 5] = 0;
      return marked.sort();
    }
    return this.#takeOnes(wanted);
  }

  /** Returns all classes except the drawn ones in ascending order and clears the bits. */
  #complement(positives: Int32Array, marked: Int32Array, wanted: number): Int32Array {
    // Positives belong to the sample: only the classes drawn after them are excluded.
    for (const number of positives) this.#bits[number >>> 5] &= ~(1 << (number & 31));
    for (let word = 0; word < this.#bits.length; word++) this.#bits[word] = ~this.#bits[word];
    const unused = this.#bits.length * 32 - this.#classes;
    if (unused > 0) this.#bits[this.#bits.length - 1] &= 0xffffffff >>> unused;
    const taken = this.#takeOnes(wanted);
    if (taken.length !== this.#classes - (marked.length - positives.length)) {
      throw new Error('ClassSampler: internal error, the sample has the wrong size.');
    }
    return taken;
  }

  /** Returns the classes whose bit is 1, ascending, and clears all bits. */
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
