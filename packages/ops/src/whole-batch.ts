/** Replicas that divide a batch among them. A `Communicator` of `@unitsphere/collectives` is one. */
export interface StatisticsGroup {
  /** Number of replicas. */
  readonly size: number;
  /** Replaces the values on every replica by their sums over the replicas, in place. Returns when all replicas have called it. */
  allReduce(values: Float64Array): void;
}

/**
 * The statistics of a batch that is divided among replicas, for one call of batch norm: one all-reduce in the forward pass, and
 * one in the backward pass. All replicas make the same calls in the same order.
 */
export class WholeBatch {
  /** Values per channel on all replicas, known after `combineMoments`. */
  rows = 0;

  readonly #group: StatisticsGroup;

  constructor(group: StatisticsGroup) {
    this.#group = group;
  }

  /**
   * Replaces the mean and the biased variance of this replica's values by those of all replicas, in place. Every value counts the
   * same, so replicas may have parts of different sizes.
   * @throws Error if there are fewer than 2 values per channel on all replicas together.
   */
  combineMoments(rows: number, mean: Float32Array, variance: Float32Array): void {
    const channels = mean.length;
    const sums = new Float64Array(2 * channels + 1);
    for (let i = 0; i < channels; i++) {
      sums[i] = rows * mean[i];
      sums[channels + i] = rows * (variance[i] + mean[i] ** 2);
    }
    sums[2 * channels] = rows;
    this.#group.allReduce(sums);
    this.rows = sums[2 * channels];
    if (this.rows < 2) {
      throw new Error(
        `batchNormTrain: all ${this.#group.size} replicas together have one value per channel; training statistics require at least 2. Use a larger batch.`,
      );
    }
    for (let i = 0; i < channels; i++) {
      const combined = sums[i] / this.rows;
      mean[i] = combined;
      const spread = sums[channels + i] / this.rows - combined ** 2;
      // A NaN stays one.
      variance[i] = spread < 0 ? 0 : spread;
    }
  }

  /** Returns the sums over the replicas of the gradients of gamma and beta, each [channels]. The arguments keep their values. */
  sumGradients(dgamma: Float32Array, dbeta: Float32Array): { dgamma: Float64Array; dbeta: Float64Array } {
    const channels = dgamma.length;
    const sums = new Float64Array(2 * channels);
    sums.set(dgamma);
    sums.set(dbeta, channels);
    this.#group.allReduce(sums);
    return { dgamma: sums.subarray(0, channels), dbeta: sums.subarray(channels) };
  }
}
