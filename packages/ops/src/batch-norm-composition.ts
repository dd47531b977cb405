/** Batch norm in stock operations, followed by any function of its result. */
import * as tf from '@tensorflow/tfjs-core';
import { checkChannels, checkFloat, rowsOf } from './check.js';
import { toRows } from './to-rows.js';
import { type StatisticsGroup, WholeBatch } from './whole-batch.js';

/** Scale and shift: float32 [channels] each. */
export type Affine = { gamma: tf.Tensor1D; beta: tf.Tensor1D };
/** Batch or running statistics: float32 [channels] each. */
export type Statistics = { mean: tf.Tensor1D; variance: tf.Tensor1D };

/** Attributes of the training form. */
export interface TrainAttrs {
  epsilon: number;
  /** Combines the statistics of the replicas; absent if this replica's are used alone. */
  wholeBatch?: WholeBatch;
  /** Weight of the latest batch in the running averages, if there are any. */
  momentum?: number;
}

/** Result of batch norm with the batch's own statistics. */
export type TrainedBatchNorm<T extends tf.Tensor> = {
  y: T;
  /** float32 [channels]. */
  mean: tf.Tensor1D;
  /** The biased variance, float32 [channels]. */
  variance: tf.Tensor1D;
  /** Number of values per channel that the statistics were taken over. */
  rows: number;
};

/** Normalizes x with the batch's own statistics; returns [activate(z), mean, variance]. */
export function composeTrain(
  { x, gamma, beta }: { x: tf.Tensor } & Affine,
  { epsilon, wholeBatch }: TrainAttrs,
  activate: (z: tf.Tensor) => tf.Tensor,
): tf.Tensor[] {
  const rows = toRows(x);
  const own = tf.moments(rows, 0);
  const { mean, variance } = wholeBatch ? combine(wholeBatch, rows.shape[0], own) : own;
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  const z = tf.add(tf.mul(tf.sub(rows, mean), scale), beta);
  return [tf.reshape(activate(z), x.shape), mean, variance];
}

/** Normalizes x with the given statistics; returns activate(z). */
export function composeInference(
  { x, gamma, beta, mean, variance }: { x: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  activate: (z: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  return activate(tf.add(tf.mul(tf.sub(x, mean), scale), beta));
}

/** Recomputes the forward pass as [rows, channels]: the standardized input xHat and the scaled and shifted output z. */
export function recompute(
  { x, gamma, beta, mean, variance }: { x: tf.Tensor } & Affine & Statistics,
  epsilon: number,
) {
  const invStd = tf.rsqrt(tf.add(variance, epsilon));
  const xHat = tf.mul(tf.sub(toRows(x), mean), invStd);
  return { invStd, xHat, z: tf.add(tf.mul(xHat, gamma), beta) };
}

/** Returns the statistics of all replicas' rows. */
function combine(wholeBatch: WholeBatch, rows: number, own: { mean: tf.Tensor; variance: tf.Tensor }) {
  // Copies, because some backends return the array that they keep.
  const mean = Float32Array.from(own.mean.dataSync());
  const variance = Float32Array.from(own.variance.dataSync());
  wholeBatch.combineMoments(rows, mean, variance);
  return { mean: tf.tensor1d(mean), variance: tf.tensor1d(variance) };
}

/** Returns [dx, dgamma, dbeta] of the training form, from the gradient dz of the norm's output. */
export function composeTrainGrad(
  { x, gamma }: { x: tf.Tensor; gamma: tf.Tensor1D },
  { invStd, xHat }: Pick<ReturnType<typeof recompute>, 'invStd' | 'xHat'>,
  dz: tf.Tensor,
  wholeBatch?: WholeBatch,
): tf.Tensor[] {
  const dbeta = tf.sum(dz, 0);
  const dgamma = tf.sum(tf.mul(dz, xHat), 0);
  const rows = wholeBatch?.rows ?? rowsOf(x);
  const sums = wholeBatch ? sumOver(wholeBatch, dgamma, dbeta) : { dgamma, dbeta };
  const centered = tf.sub(dz, tf.add(tf.div(sums.dbeta, rows), tf.mul(xHat, tf.div(sums.dgamma, rows))));
  return [tf.reshape(tf.mul(centered, tf.mul(gamma, invStd)), x.shape), dgamma, dbeta];
}

function sumOver(wholeBatch: WholeBatch, dgamma: tf.Tensor, dbeta: tf.Tensor) {
  const sums = wholeBatch.sumGradients(dgamma.dataSync() as Float32Array, dbeta.dataSync() as Float32Array);
  return {
    dgamma: tf.tensor1d(Float32Array.from(sums.dgamma)),
    dbeta: tf.tensor1d(Float32Array.from(sums.dbeta)),
  };
}

const refuseGradient = (name: string) => () => {
  throw new Error(
    `batchNorm: the running ${name} has no gradient: it is a buffer, not a parameter. Leave it out of the gradient's inputs.`,
  );
};

/** Gradients of the running averages, which throw. */
export const runningGradients = {
  runningMean: /* @__PURE__ */ refuseGradient('mean'),
  runningVariance: /* @__PURE__ */ refuseGradient('variance'),
};

/** Returns the gradients of the evaluation form, one function per input; `gradOf` computes dz from z. */
export function inferenceGradients(
  inputs: { x: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  gradOf: (z: tf.Tensor) => tf.Tensor,
) {
  const forward = () => recompute(inputs, epsilon);
  return {
    x: () => {
      const { invStd, z } = forward();
      return tf.reshape(tf.mul(gradOf(z), tf.mul(inputs.gamma, invStd)), inputs.x.shape);
    },
    gamma: () => {
      const { xHat, z } = forward();
      return tf.sum(tf.mul(gradOf(z), xHat), 0);
    },
    beta: () => tf.sum(gradOf(forward().z), 0),
    mean: runningGradients.runningMean,
    variance: runningGradients.runningVariance,
  };
}

/** Throws unless x has a channel axis and every vector has one value per channel. */
export function checkBatchNorm(op: string, x: tf.Tensor, vectors: Record<string, tf.Tensor>): void {
  checkFloat(op, 'x', x);
  if (x.rank < 2) throw new Error(`${op}: x must have at least 2 dimensions, but its shape is [${x.shape}].`);
  for (const [name, vector] of Object.entries(vectors)) checkChannels(op, name, vector, x.shape[x.rank - 1]);
}

/**
 * Returns what combines the statistics of a group's replicas in one call; undefined without a group or in one of a single replica.
 * @throws Error if a channel has a single value, or if the backend cannot wait for other replicas within an operation.
 */
export function openWholeBatch(
  op: string,
  x: tf.Tensor,
  group: StatisticsGroup | undefined,
): WholeBatch | undefined {
  if (group && group.size > 1) {
    if (tf.getBackend() !== 'webgpu') return new WholeBatch(group);
    throw new Error(
      `${op}: statistics of several replicas require a backend that reads values synchronously, and webgpu does not. Use wasm or node, or leave the group out.`,
    );
  }
  if (rowsOf(x) < 2) {
    throw new Error(
      `${op}: shape [${x.shape}] has one value per channel; training statistics require at least 2. Use a larger batch.`,
    );
  }
  return undefined;
}
