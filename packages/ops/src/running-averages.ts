import type * as tf from '@tensorflow/tfjs-core';
import type { TrainedBatchNorm } from './batch-norm-composition.js';
import { rowsOf } from './check.js';
import { updateRunningStatistics } from './moving-average.js';
import type { WholeBatch } from './whole-batch.js';

/** Running averages that batch norm updates in training, as PyTorch's `running_mean` and `running_var`. */
export interface RunningAverages {
  /** float32 [channels]; assigned. */
  mean: tf.Variable;
  /** float32 [channels]; assigned. The latest batch enters with its unbiased variance. */
  variance: tf.Variable;
  /** Weight of the latest batch, in [0, 1]. */
  momentum: number;
}

/** Inputs of a kernel that computes the new running averages beside the batch's statistics. */
export type RunningInputs = { runningMean?: tf.Tensor; runningVariance?: tf.Tensor };

/** Returns the inputs for such a kernel. */
export function runningInputs(running: RunningAverages | undefined): RunningInputs {
  return running ? { runningMean: running.mean, runningVariance: running.variance } : {};
}

/**
 * Assigns new running averages, and returns the result of a training form of batch norm.
 * @param outputs y, mean, variance, and the new running averages if the form's kernel computes them.
 */
export function finishTraining<T extends tf.Tensor>(
  x: T,
  [y, mean, variance, updatedMean, updatedVariance]: tf.Tensor[],
  { wholeBatch, running }: { wholeBatch?: WholeBatch; running?: RunningAverages },
): TrainedBatchNorm<T> {
  // A whole batch counts its rows in the forward pass.
  const rows = wholeBatch?.rows ?? rowsOf(x);
  if (running && updatedMean) {
    running.mean.assign(updatedMean);
    running.variance.assign(updatedVariance);
  } else if (running)
    updateRunningStatistics(running, { mean, variance }, running.momentum, rows / (rows - 1));
  return { y: y as T, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D, rows };
}
