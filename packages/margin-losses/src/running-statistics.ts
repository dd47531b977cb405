import * as tf from '@tensorflow/tfjs-core';

/** The values of a batch that statistics may use; each loss documents which it requires. */
export interface LabelBatch {
  /** float32 [batch]: each row's cosine with its label's center. */
  own?: tf.Tensor1D;
  /** bool [batch]: false for a row without a label, whose `own` is meaningless. Default: all true. */
  present?: tf.Tensor1D;
  /** float32 [batch]: the embeddings' lengths before normalization. */
  norms?: tf.Tensor1D;
}

/** Statistics on the host by their published names, in the format of `StateDict` of @unitsphere/core. */
export type StatisticsState = Map<string, { dtype: 'F32'; shape: number[]; data: Float32Array }>;

/** Statistics to load: any numeric dtype; converted to float32. */
export type SavedStatistics = ReadonlyMap<
  string,
  { dtype: string; shape: readonly number[]; data: ArrayLike<number | bigint> }
>;

/**
 * Exponential averages over the batches that a loss has seen. Each is float32 [1] and stays on the device, so that a step
 * does not wait for a download. No gradient flows through them.
 *
 * The loss's `loss` and `logits` update them before using them, as the forward pass of the published PyTorch modules does.
 */
export interface RunningStatistics {
  /** Whether `loss` and `logits` update the statistics; set to false for evaluation. Default true. */
  training: boolean;

  /**
   * Updates the statistics with a batch, regardless of `training`. A softmax that is assembled elsewhere calls this on
   * every rank with the whole batch of all ranks.
   * @throws TypeError if the batch lacks a value that the loss requires.
   */
  observe(batch: LabelBatch): void;

  /** Returns the current value of one statistic, float32 [1]. Use it inside tf.tidy and do not dispose it. */
  value(name: string): tf.Tensor1D;

  /** Reads all statistics, float32 [1] each. */
  stateDict(): Promise<StatisticsState>;

  /**
   * Restores the result of stateDict(); other names are ignored.
   * @throws Error if a statistic is missing or is not one finite number. Nothing is changed then.
   */
  loadStateDict(state: SavedStatistics): void;

  /** Frees the tensors and resets the statistics to their initial values. */
  dispose(): void;
}

/** Definition of running averages: their initial values, their rate, and the value of a batch. */
export interface AveragesRule {
  /** The loss's name for error messages. */
  title: string;
  /** Initial values by name, in the order in which they are saved. */
  first: { readonly [name: string]: number };
  /** new = rate · batch + (1 − rate) · old. */
  rate: number;
  /** Computes the batch's values by name; a statistic without a value stays unchanged. Called inside tf.tidy. */
  ofBatch(batch: LabelBatch, now: (name: string) => tf.Tensor1D): { [name: string]: tf.Tensor | undefined };
}

/** Running averages as tensors on the device. */
export class RunningAverages implements RunningStatistics {
  training = true;
  readonly #rule: AveragesRule;
  /** Numbers until the first update, so that a loss can be created before a backend has started. */
  readonly #values: Map<string, number | tf.Variable<tf.Rank.R1>>;

  constructor(rule: AveragesRule) {
    this.#rule = rule;
    this.#values = new Map(Object.entries(rule.first));
  }

  observe(batch: LabelBatch): void {
    const { rate, ofBatch } = this.#rule;
    tf.tidy(() => {
      const found = ofBatch(batch, (name) => this.value(name));
      for (const [name, value] of Object.entries(found)) {
        if (!value) continue;
        const moved = tf.add(tf.mul(tf.reshape(value, [1]), rate), tf.mul(this.value(name), 1 - rate));
        const held = this.#values.get(name);
        if (typeof held === 'object') held.assign(moved as tf.Tensor1D);
        else this.#values.set(name, tf.variable(moved as tf.Tensor1D, false));
      }
    });
  }

  value(name: string): tf.Tensor1D {
    const held = this.#values.get(name) ?? this.#rule.first[name];
    return typeof held === 'object' ? held : tf.tensor1d([held]);
  }

  async stateDict(): Promise<StatisticsState> {
    const state: StatisticsState = new Map();
    for (const [name, held] of this.#values) {
      const data = typeof held === 'object' ? await held.data() : [held];
      state.set(name, { dtype: 'F32', shape: [1], data: Float32Array.from(data) });
    }
    return state;
  }

  loadStateDict(state: SavedStatistics): void {
    const values = [...this.#values.keys()].map((name) => {
      const { title } = this.#rule;
      const saved = state.get(name);
      if (!saved) throw new Error(`${title}: the saved state lacks '${name}'; it belongs to another loss.`);
      const value = Number(saved.data[0]);
      if (saved.data.length !== 1 || !Number.isFinite(value)) {
        throw new Error(
          `${title}: '${name}' must be one finite number, but it is [${saved.data}] of shape [${saved.shape}].`,
        );
      }
      return [name, value] as const;
    });
    this.dispose();
    for (const [name, value] of values) this.#values.set(name, value);
  }

  dispose(): void {
    for (const [name, held] of this.#values) {
      if (typeof held === 'object') held.dispose();
      this.#values.set(name, this.#rule.first[name]);
    }
  }
}
