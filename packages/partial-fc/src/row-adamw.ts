import type * as tf from '@tensorflow/tfjs-core';
import { type AdamWRowsStep, adamWUpdateRows } from '@unitsphere/ops';
import type { HostRows, RowsInPlace, RowTables } from './center-store.js';
import {
  checkChoice,
  checkFraction,
  checkNotNegative,
  type RowOptimizer,
  type RowStep,
  type Unsampled,
} from './row-optimizer.js';

/** How a RowAdamW is made. */
export interface RowAdamWOptions {
  /** Decays of the running means of gradients and of their squares, each in [0, 1). Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the root of the mean of squares. Default 1e-8. */
  eps?: number;
  /** Decoupled decay: a step multiplies a sampled row by 1 − lr · weightDecay. Default 1e-2. */
  weightDecay?: number;
  /**
   * What becomes of a row in a step that does not sample it. `frozen` (default): nothing; neither the row nor its
   * running means move, and no decay. `caught-up`: when it is next sampled, all that the steps between would have done
   * with a gradient of 0 is done first, so that the outcome is that of dense AdamW.
   */
  unsampled?: Unsampled;
  /**
   * Whose count undoes the bias of the running means. `row` (default): how often the row itself was updated, so that
   * its first update is as long as anyone's. `insightface`: the number of steps plus 1, whatever the row, as its
   * PartialFCAdamW has it. Rows that are caught up always use the number of steps, as dense AdamW does.
   */
  stepCount?: 'row' | 'insightface';
}

// Past this, what is left of a running mean no longer moves a float32 row.
const NEGLIGIBLE = 1e-10;

/**
 * AdamW on sampled rows; where all rows are sampled, torch.optim.AdamW.
 * @see Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
 */
export class RowAdamW implements RowOptimizer {
  readonly stateNames = ['exp_avg', 'exp_avg_sq'] as const;
  readonly unsampled: Unsampled;
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  readonly #weightDecay: number;
  readonly #stepCount: 'row' | 'insightface';

  /** @throws RangeError where an option is out of range. */
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
    const [weight, mean, square] = ['weight', ...this.stateNames].map((name) => tables.get(name)!);
    adamWUpdateRows(weight, mean, square, ids, gradient, this.#numbers(step));
  }

  async updateInPlace(
    { memory, begins, columns }: RowsInPlace,
    gradient: tf.Tensor2D,
    from: number,
    step: RowStep,
  ): Promise<void> {
    const means = { expAvg: columns.get('exp_avg')!, expAvgSq: columns.get('exp_avg_sq')! };
    await memory.adamW(begins, means, gradient, from, this.#numbers(step));
  }

  catchUp({ tables, lastSteps }: HostRows, step: number, rates: ArrayLike<number>): void {
    const [beta1, beta2] = this.#betas;
    const [weight, mean, square] = ['weight', ...this.stateNames].map((name) => tables.get(name)!) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const dimensions = weight.length / lastSteps.length;
    // The update shrinks by this factor a step.
    const shrinking = beta1 / Math.sqrt(beta2);
    const tail =
      shrinking < 1 ? Math.ceil(Math.log(NEGLIGIBLE) / Math.log(shrinking)) : Number.POSITIVE_INFINITY;
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
    // One count for all rows, where it is not their own.
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
