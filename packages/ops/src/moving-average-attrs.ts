import type * as tf from '@tensorflow/tfjs-core';

/** Running statistics of a batch norm and those of the latest batch, all of one shape. */
export type RunningStatistics = Record<'mean' | 'variance' | 'latestMean' | 'latestVariance', tf.Tensor>;

/** Weight of the latest batch, and the factor of its variance. */
export interface RunningStatisticsAttrs {
  momentum: number;
  factor: number;
}
