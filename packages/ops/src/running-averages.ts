import type * as tf from '@tensorflow/tfjs-core';
import { updateRunningStatistics } from './moving-average.js';

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
 * Assigns new running averages.
 * @param outputs Of a training form: y, mean, variance, and the new running averages if its kernel computes them.
 * @param rows Number of values per channel that the statistics were taken over.
 */
export function assignRunningAverages(
  running: RunningAverages | undefined,
  [, mean, variance, updatedMean, updatedVariance]: tf.Tensor[],
  rows: number,
): void {
  if (!running) return;
  if (updatedMean) {
    running.mean.assign(updatedMean);
    running.variance.assign(updatedVariance);
  } else updateRunningStatistics(running, { mean, variance }, running.momentum, rows / (rows - 1));
}
