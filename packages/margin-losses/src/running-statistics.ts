import * as tf from '@tensorflow/tfjs-core';

/** What statistics can follow of a batch; a loss says which of it it needs. */
export interface LabelBatch {
  /** float32 [batch]: each row's cosine with its label's center. */
  own?: tf.Tensor1D;
  /** bool [batch]: whether a row's `own` is that; a row without a label has none. Default: all. */
  present?: tf.Tensor1D;
  /** float32 [batch]: the embeddings' lengths before they were divided by them. */
  norms?: tf.Tensor1D;
}

/** Statistics on the host, by their published names; core's StateDict as it is. */
export type StatisticsState = Map<string, { dtype: 'F32'; shape: number[]; data: Float32Array }>;

/** The same as they are loaded: of any type of numbers, float32 in use. */
export type SavedStatistics = ReadonlyMap<
  string,
  { dtype: string; shape: readonly number[]; data: ArrayLike<number | bigint> }
>;

/**
 * Exponential averages over the batches that a loss has seen: float32 [1] each, on the device, so that a step need not wait
 * for them. No gradient goes through them.
 *
 * `loss` and `logits` of the loss move them, as the published PyTorch modules' forward does, before they use them.
 */
export interface RunningStatistics {
  /** Whether `loss` and `logits` move them; false to look at a batch without that. Default true. */
  training: boolean;

  /**
   * Moves them by a batch, whatever `training` says: for a softmax that is put together elsewhere, which gives its whole
   * batch, of all ranks, on every rank.
   * @throws TypeError where the batch lacks what the loss follows.
   */
  observe(batch: LabelBatch): void;

  /** One of them as it is now, float32 [1]: to be used inside a tidy and not disposed of. */
  value(name: string): tf.Tensor1D;

  /** All of them, float32 [1] each. */
  stateDict(): Promise<StatisticsState>;

  /**
   * Puts back what stateDict() gave; other names are passed over.
   * @throws Error where one is missing, is no one number or not finite. Nothing is changed then.
   */
  loadStateDict(state: SavedStatistics): void;

  /** Frees their tensors; they are then as they were at first. */
  dispose(): void;
}

/** How averages are made: their first values, how far they move with a batch, and what a batch says. */
export interface AveragesRule {
  /** The loss's name in messages. */
  title: string;
  /** By name, in the order they are saved. */
  first: { readonly [name: string]: number };
  /** new = rate · batch + (1 − rate) · old. */
  rate: number;
  /** The batch's values by name; one that is missing stays. Called where tensors are tidied. */
  ofBatch(batch: LabelBatch, now: (name: string) => tf.Tensor1D): { [name: string]: tf.Tensor | undefined };
}

/** Statistics by such a rule. */
export class RunningAverages implements RunningStatistics {
  training = true;
  readonly #rule: AveragesRule;
  /** Numbers until they first move: a loss can be made before a backend has started. */
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
    const held = this.#values.get(name)!;
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
      if (!saved) throw new Error(`${title}: the saved state has no '${name}'; it is of another loss.`);
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
