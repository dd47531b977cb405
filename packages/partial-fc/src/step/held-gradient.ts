import * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '@unitsphere/core';
import { gatherRows } from '@unitsphere/ops';
import type { RowOptimizer } from '../optimizers/row-optimizer.js';
import type { RowBlock } from '../stores/center-store.js';

/** Sampled rows and the gradient by their centers, float32 [n, dimensions]. */
export interface RowGradient {
  block: RowBlock;
  gradient: tf.Tensor2D;
}

/** Gradient of a batch by this rank's class centers, held until it is applied or dropped. */
export class HeldGradient {
  constructor(
    /** undefined if this rank has no sampled class. */
    readonly rows: RowGradient | undefined,
    /** Statistics of the loss before the batch. They are restored if the gradient is dropped. */
    readonly statistics: StateDict | undefined,
  ) {}

  /**
   * Updates the sampled rows.
   * @param step Number of this step, counted from 1.
   */
  async apply(
    optimizer: RowOptimizer,
    { lr, gradientScale, step }: { lr: number; gradientScale: number; step: number },
  ): Promise<void> {
    if (!this.rows) return;
    const { block, gradient } = this.rows;
    const stepOf = (from: number, to: number) => ({
      lr,
      gradientScale,
      counts: block.counts.slice(from, to).map((count) => count + 1),
      step,
    });
    const { updateInPlace } = optimizer;
    if (block.updateInPlace && updateInPlace) {
      await block.updateInPlace(
        (rows, from, to) => updateInPlace.call(optimizer, rows, gradient, from, stepOf(from, to)),
        step,
      );
      return;
    }
    await block.update(
      (rows, from, to) =>
        tf.tidy(() => optimizer.update(rows, sliceRows(gradient, from, to), stepOf(from, to))),
      step,
    );
  }

  /** Disposes the gradient and the rows. */
  dispose(): void {
    this.rows?.block.dispose();
    this.rows?.gradient.dispose();
  }
}

/** Returns rows from … to − 1, or `x` itself for all rows. tf.slice would download all of `x` on WebAssembly. */
function sliceRows(x: tf.Tensor2D, from: number, to: number): tf.Tensor2D {
  return to - from === x.shape[0] ? x : gatherRows(x, tf.range(from, to, 1, 'int32'));
}
