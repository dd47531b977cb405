import type { CenterStore, StoreSpec } from '../stores/center-store.js';
import { lowerBound } from './lower-bound.js';
import type { Sampler } from './sample-classes.js';

/** Samples the rows of one rank: the part of every rank's common sample that lies in this rank's range of classes. */
export class RowSampler {
  readonly #sampler: Sampler;
  readonly #classes: number;
  readonly #spec: StoreSpec;

  /** @param classes Number of classes over all ranks. */
  constructor(sampler: Sampler, classes: number, spec: StoreSpec) {
    this.#sampler = sampler;
    this.#classes = classes;
    this.#spec = spec;
  }

  /** Whether every sample contains all classes. */
  get samplesAll(): boolean {
    return this.#sampler.samplesAll;
  }

  /**
   * Returns this rank's sampled rows, ascending.
   * @param labels Labels of all ranks.
   * @param step Number of steps applied before.
   */
  sample(labels: Int32Array, step: number): Int32Array {
    const { firstClass, rows } = this.#spec;
    if (this.samplesAll) return Int32Array.from({ length: rows }, (_, row) => row);
    const sample = this.#sampler.sample(labels, step);
    const begin = lowerBound(sample, firstClass);
    const end = lowerBound(sample, firstClass + rows);
    return sample.subarray(begin, end).map((number) => number - firstClass);
  }

  /** Tells the store which rows a step will need. The negatives are known even if the labels are not. */
  prefetch(store: CenterStore, step: number, labels: Int32Array = new Int32Array(0)): void {
    if (!store.prefetch || this.samplesAll) return;
    const known = labels.filter((label) => label >= 0 && label < this.#classes);
    store.prefetch(this.sample(known, step));
  }
}

/** Returns the index of each label among the sampled rows, or −1 if another rank owns its class. */
export function columnsOfLabels(labels: Int32Array, rows: Int32Array, firstClass: number): Int32Array {
  return labels.map((label) => {
    const at = lowerBound(rows, label - firstClass);
    return rows[at] === label - firstClass ? at : -1;
  });
}
