import type * as tf from '@tensorflow/tfjs-core';
import { sgdUpdateRows } from '@unitsphere/ops';
import type { HostRows, RowTables } from './center-store.js';
import {
  checkChoice,
  checkNotNegative,
  type RowOptimizer,
  type RowStep,
  type Unsampled,
} from './row-optimizer.js';

/** How a RowSGD is made. */
export interface RowSGDOptions {
  /** What a step keeps of a sampled row's momentum buffer. Default 0.9. */
  momentum?: number;
  /** Look ahead along the momentum; needs momentum above 0 and no dampening. Default false. */
  nesterov?: boolean;
  /** Coupled decay: weightDecay · row is added to the gradient of a sampled row. Default 5e-4. */
  weightDecay?: number;
  /** How much of the gradient is kept from entering the buffer, after a row's first step. Default 0. */
  dampening?: number;
  /**
   * What becomes of a row in a step that does not sample it. `frozen` (default): nothing; neither the row nor its
   * momentum moves, and no decay. `caught-up`: when it is next sampled, all that the steps between would have done
   * with a gradient of 0 is done first, so that the outcome is that of dense SGD.
   */
  unsampled?: Unsampled;
}

/** SGD with momentum on sampled rows; where all rows are sampled, torch.optim.SGD. */
export class RowSGD implements RowOptimizer {
  readonly stateNames: readonly string[];
  readonly unsampled: Unsampled;
  readonly #options: { momentum: number; nesterov: boolean; weightDecay: number; dampening: number };

  /** @throws RangeError where an option is out of range. */
  constructor({
    momentum = 0.9,
    nesterov = false,
    weightDecay = 5e-4,
    dampening = 0,
    unsampled = 'frozen',
  }: RowSGDOptions = {}) {
    checkNotNegative('RowSGD: momentum', momentum);
    checkNotNegative('RowSGD: weightDecay', weightDecay);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new RangeError('RowSGD: nesterov needs a momentum above 0 and a dampening of 0.');
    }
    this.#options = { momentum, nesterov, weightDecay, dampening };
    this.unsampled = checkChoice('RowSGD: unsampled', unsampled, ['frozen', 'caught-up']);
    this.stateNames = momentum > 0 ? ['momentum_buffer'] : [];
  }

  update(
    { tables, ids }: RowTables,
    gradient: tf.Tensor2D,
    { lr, gradientScale, counts, step }: RowStep,
  ): void {
    const buffer = tables.get('momentum_buffer') ?? null;
    sgdUpdateRows(tables.get('weight')!, buffer, ids, gradient, {
      ...this.#options,
      lr,
      gradientScale,
      steps: this.unsampled === 'caught-up' ? new Int32Array(counts.length).fill(step) : counts,
    });
  }

  catchUp({ tables, lastSteps }: HostRows, step: number, rates: ArrayLike<number>): void {
    const { momentum, nesterov, weightDecay, dampening } = this.#options;
    const weight = tables.get('weight')!;
    const buffer = tables.get('momentum_buffer');
    const dimensions = weight.length / lastSteps.length;
    lastSteps.forEach((last, row) => {
      if (last >= step) return;
      // A step without a gradient is linear in (row, buffer): w' = a·w + b·m, m' = c·w + d·m. All of them are one.
      let [a, b, c, d] = [1, 0, 0, 1];
      for (let s = last + 1; s <= step; s++) {
        const [mKept, mTaken] = s === 1 ? [0, 1] : [momentum, 1 - dampening];
        const [mc, md] =
          momentum > 0
            ? [mKept * c + mTaken * weightDecay * a, mKept * d + mTaken * weightDecay * b]
            : [weightDecay * a, weightDecay * b];
        const [dc, dd] = nesterov
          ? [weightDecay * a + momentum * mc, weightDecay * b + momentum * md]
          : [mc, md];
        [a, b, c, d] = [a - rates[s - 1] * dc, b - rates[s - 1] * dd, mc, md];
      }
      for (let at = row * dimensions; at < (row + 1) * dimensions; at++) {
        const [w, m] = [weight[at], buffer?.[at] ?? 0];
        weight[at] = a * w + b * m;
        if (buffer) buffer[at] = c * w + d * m;
      }
      lastSteps[row] = step;
    });
  }
}
