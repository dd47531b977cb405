import { countAll, type Reducer } from './reducer.js';

/** Mean of all elements, each multiplied by the weight of its anchor's class. */
export class ClassWeightedReducer implements Reducer {
  readonly #weights: Float32Array;

  /** @param weights float32 [classes]: the weight of each class; labels must be in [0, classes). */
  constructor(weights: ArrayLike<number>) {
    this.#weights = Float32Array.from(weights);
  }

  /** @throws RangeError if a label has no weight. */
  rowWeights(counts: Float64Array, labels: Int32Array): Float32Array {
    const total = Math.max(1, countAll(counts));
    return Float32Array.from(labels, (label) => {
      if (!(label >= 0 && label < this.#weights.length)) {
        throw new RangeError(
          `ClassWeightedReducer: label ${label} has no weight, because there are ${this.#weights.length} weights; ` +
            'pass one weight per class.',
        );
      }
      return this.#weights[label] / total;
    });
  }
}
