import type * as tf from '@tensorflow/tfjs-core';
import { type AdamWRowsStep, adamWUpdateRows } from '@unitsphere/ops';
import type { HostRows, RowsInPlace, RowTables } from '../stores/center-store.js';
import { tableOf } from '../stores/memory-tables.js';
import {
  checkChoice,
  checkFraction,
  checkNotNegative,
  type RowOptimizer,
  type RowStep,
  type Unsampled,
} from './row-optimizer.js';

/** Options of {@link RowAdamW}. */
export interface RowAdamWOptions {
  /** Decay rates of the running means of gradients and of squared gradients, each in [0, 1). Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Term added to the root of the mean of squares. Default 1e-8. */
  eps?: number;
  /** Decoupled weight decay: a step multiplies each sampled row by 1 − lr · weightDecay. Default 1e-2. */
  weightDecay?: number;
  /**
   * Treatment of a row in steps that do not sample it. `frozen` (default): the row and its running means stay as they are,
   * without decay. `caught-up`: when the row is next sampled, the missed steps are first applied with a gradient of 0, so
   * that the result is that of dense AdamW.
   */
  unsampled?: Unsampled;
  /**
   * Step count of the bias correction. `row` (default): the number of updates of the row, so that the first update of every
   * row is equally long. `insightface`: the number of steps plus 1 for all rows, as in insightface's PartialFCAdamW. With
   * `unsampled: 'caught-up'` it is always the number of steps, as in dense AdamW.
   */
  stepCount?: 'row' | 'insightface';
}

// Below this fraction a running mean no longer changes a float32 row.
const NEGLIGIBLE = 1e-10;

const STATE_NAMES = ['exp_avg', 'exp_avg_sq'] as const;
const TABLES = ['weight', ...STATE_NAMES];

/**
 * AdamW on sampled rows. Equals torch.optim.AdamW if all rows are sampled.
 * @see Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
 */
export class RowAdamW implements RowOptimizer {
  readonly stateNames = STATE_NAMES;
  readonly unsampled: Unsampled;
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  readonly #weightDecay: number;
  readonly #stepCount: 'row' | 'insightface';

  /** @throws RangeError if an option is out of range. */
  constructor({
    betas = [0.9, 0.999],
    eps = 1e-8,
    weightDecay = 1e-2,
    unsampled = 'frozen',
    stepCount = 'row',
  }: RowAdamWOptions = {}) {
    this.#betas = [
      checkFraction('RowAdamW: betas[0]', betas[0]),
      checkFraction('RowAdamW: betas[1]', betas[1]),
    ];
    this.#eps = checkNotNegative('RowAdamW: eps', eps);
    this.#weightDecay = checkNotNegative('RowAdamW: weightDecay', weightDecay);
    this.unsampled = checkChoice('RowAdamW: unsampled', unsampled, ['frozen', 'caught-up']);
    this.#stepCount = checkChoice('RowAdamW: stepCount', stepCount, ['row', 'insightface']);
  }

  update({ tables, ids }: RowTables, gradient: tf.Tensor2D, step: RowStep): void {
    const [weight, mean, square] = TABLES.map((name) => tableOf(tables, name));
    adamWUpdateRows(weight, mean, square, ids, gradient, this.#numbers(step));
  }

  async updateInPlace(
    { memory, begins, columns }: RowsInPlace,
    gradient: tf.Tensor2D,
    from: number,
    step: RowStep,
  ): Promise<void> {
    const means = { expAvg: tableOf(columns, 'exp_avg'), expAvgSq: tableOf(columns, 'exp_avg_sq') };
    await memory.adamW(begins, means, gradient, from, this.#numbers(step));
  }

  catchUp({ tables, lastSteps }: HostRows, step: number, rates: ArrayLike<number>): void {
    const [beta1, beta2] = this.#betas;
    const [weight, mean, square] = TABLES.map((name) => tableOf(tables, name));
    const dimensions = weight.length / lastSteps.length;
    // Factor by which the update shrinks per step.
    const shrinkage = beta1 / Math.sqrt(beta2);
    const tail =
      shrinkage < 1 ? Math.ceil(Math.log(NEGLIGIBLE) / Math.log(shrinkage)) : Number.POSITIVE_INFINITY;
    lastSteps.forEach((last, row) => {
      const missed = step - last;
      if (missed <= 0) return;
      const moving = last === 0 ? 0 : Math.min(missed, tail);
      const kept = Float64Array.from({ length: missed }, (_, i) => 1 - rates[last + i] * this.#weightDecay);
      const size = Float64Array.from(
        { length: moving },
        (_, i) => rates[last + i] / (1 - beta1 ** (last + i + 1)),
      );
      const correction = Float64Array.from(size, (_, i) => 1 / Math.sqrt(1 - beta2 ** (last + i + 1)));
      let keptLater = 1;
      for (let i = moving; i < missed; i++) keptLater *= kept[i];
      for (let at = row * dimensions; at < (row + 1) * dimensions; at++) {
        let [w, m, v] = [weight[at], mean[at], square[at]];
        for (let i = 0; i < moving; i++) {
          m *= beta1;
          v *= beta2;
          w = w * kept[i] - (size[i] * m) / (Math.sqrt(v) * correction[i] + this.#eps);
        }
        weight[at] = w * keptLater;
        mean[at] = m * beta1 ** (missed - moving);
        square[at] = v * beta2 ** (missed - moving);
      }
      lastSteps[row] = step;
    });
  }

  #numbers({ lr, gradientScale, counts, step }: RowStep): AdamWRowsStep {
    const [beta1, beta2] = this.#betas;
    // Step count of all rows; undefined if each row has its own.
    const shared =
      this.unsampled === 'caught-up' ? step : this.#stepCount === 'insightface' ? step + 1 : undefined;
    return {
      lr,
      beta1,
      beta2,
      eps: this.#eps,
      weightDecay: this.#weightDecay,
      gradientScale,
      steps: shared === undefined ? counts : new Int32Array(counts.length).fill(shared),
    };
  }
}
