import type { Reducer } from './reducer.js';

/** Mean over the classes of the mean of each class's elements, by the anchor's class. Classes without elements do not count. */
export class PerClassMeanReducer implements Reducer {
  rowWeights(counts: Float64Array, labels: Int32Array): Float32Array {
    const perClass = new Map<number, number>();
    labels.forEach((label, row) => {
      if (counts[row] > 0) perClass.set(label, (perClass.get(label) ?? 0) + counts[row]);
    });
    return Float32Array.from(labels, (label) => {
      const count = perClass.get(label);
      return count ? 1 / (count * perClass.size) : 0;
    });
  }
}
