import { Random } from '@unitsphere/core/random';

/**
 * Draws embeddings of identities that form families: two of a family resemble each other more, as documents of one design or
 * relatives do. An image is its identity's center and some noise.
 */
export class Population {
  readonly #random: Random;
  readonly #families: Float32Array[];
  readonly #dimensions: number;

  constructor(seed: number, { dimensions = 32, families = 200 } = {}) {
    this.#random = new Random(seed, 'population');
    this.#dimensions = dimensions;
    this.#families = Array.from({ length: families }, () => this.#normal());
  }

  /** Returns the images of a new identity. */
  draw(images = 1, noise = 0.3): Float32Array[] {
    const random = this.#random;
    // Some families have more members than others.
    const family =
      this.#families[Math.floor(random.uniform(0, 1) * random.uniform(0, 1) * this.#families.length)];
    const closeness = random.uniform(0.6, 1.4);
    const center = this.#normal().map((value, d) => value + closeness * family[d]);
    return Array.from({ length: images }, () => this.#normal().map((value, d) => noise * value + center[d]));
  }

  #normal(): Float32Array {
    return Float32Array.from({ length: this.#dimensions }, () => this.#random.normal());
  }
}
