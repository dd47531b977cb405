import type { Shape } from '../graph/graph.js';

/** Averages the values of each channel over images and positions. */
export class ChannelMeans {
  readonly #sums: Float64Array;
  readonly #positions: number;
  #rows = 0;

  /** @param shape Shape of the activation: [rows, channels, …positions]. */
  constructor([, channels, ...positions]: Shape) {
    this.#sums = new Float64Array(Number(channels));
    this.#positions = positions.reduce<number>((a, b) => a * Number(b), 1);
  }

  /** Adds the values of one or more rows. */
  add(values: Float32Array): void {
    const channels = this.#sums.length;
    let i = 0;
    while (i < values.length) {
      for (let c = 0; c < channels; c++) {
        for (let n = 0; n < this.#positions; n++) this.#sums[c] += values[i++];
      }
      this.#rows++;
    }
  }

  /** Returns the mean of each channel. */
  find(): Float64Array {
    return this.#sums.map((sum) => sum / (this.#rows * this.#positions));
  }
}
