import type * as tf from '@tensorflow/tfjs-core';
import { sgdUpdateRows } from '@unitsphere/ops';
import type { HostRows, RowTables } from '../stores/center-store.js';
import { tableOf } from '../stores/memory-tables.js';
import {
  checkChoice,
  checkNotNegative,
  type RowOptimizer,
  type RowStep,
  type Unsampled,
} from './row-optimizer.js';

/** Options of {@link RowSGD}. */
export interface RowSGDOptions {
  /** Fraction of a sampled row's momentum buffer that a step keeps. Default 0.9. */
  momentum?: number;
  /** Nesterov momentum. Requires momentum above 0 and no dampening. Default false. */
  nesterov?: boolean;
  /** Coupled weight decay: weightDecay · row is added to the gradient of each sampled row. Default 5e-4. */
  weightDecay?: number;
  /** Fraction of the gradient that does not enter the buffer, after the first step of a row. Default 0. */
  dampening?: number;
  /**
   * Treatment of a row in steps that do not sample it. `frozen` (default): the row and its momentum buffer stay as they are,
   * without decay. `caught-up`: when the row is next sampled, the missed steps are first applied with a gradient of 0, so
   * that the result is that of dense SGD.
   */
  unsampled?: Unsampled;
}

/** SGD with momentum on sampled rows. Equals torch.optim.SGD if all rows are sampled. */
export class RowSGD implements RowOptimizer {
  readonly stateNames: readonly string[];
  readonly unsampled: Unsampled;
  readonly #options: { momentum: number; nesterov: boolean; weightDecay: number; dampening: number };

  /** @throws RangeError if an option is out of range. */
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
      throw new RangeError('RowSGD: nesterov requires a momentum above 0 and a dampening of 0.');
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
    sgdUpdateRows(tableOf(tables, 'weight'), buffer, ids, gradient, {
      ...this.#options,
      lr,
      gradientScale,
      steps: this.unsampled === 'caught-up' ? new Int32Array(counts.length).fill(step) : counts,
    });
  }

  catchUp({ tables, lastSteps }: HostRows, step: number, rates: ArrayLike<number>): void {
    const { momentum, nesterov, weightDecay, dampening } = this.#options;
    const weight = tableOf(tables, 'weight');
    const buffer = tables.get('momentum_buffer');
    const dimensions = weight.length / lastSteps.length;
    lastSteps.forEach((last, row) => {
      if (last >= step) return;
      // Steps without a gradient are linear in (row, buffer), so they combine to w' = a·w + b·m, m' = c·w + d·m.
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
