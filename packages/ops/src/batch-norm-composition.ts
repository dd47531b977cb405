/** Batch norm in stock operations, with whatever function of its result follows it. */
import * as tf from '@tensorflow/tfjs-core';
import { checkChannels, checkFloat, rowsOf } from './check.js';

/** What scales and shifts: float32 [channels] each. */
export type Affine = { gamma: tf.Tensor1D; beta: tf.Tensor1D };
/** The batch's or the running statistics: float32 [channels] each. */
export type Statistics = { mean: tf.Tensor1D; variance: tf.Tensor1D };

/** x as [rows, channels]. */
export const flat = (x: tf.Tensor) => tf.reshape(x, [-1, x.shape[x.rank - 1]]) as tf.Tensor2D;

/** [activate(z), mean, variance] by the batch's own statistics. */
export function composeTrain(
  { x, gamma, beta }: { x: tf.Tensor } & Affine,
  epsilon: number,
  activate: (z: tf.Tensor) => tf.Tensor,
): tf.Tensor[] {
  const rows = flat(x);
  const { mean, variance } = tf.moments(rows, 0);
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  const z = tf.add(tf.mul(tf.sub(rows, mean), scale), beta);
  return [tf.reshape(activate(z), x.shape), mean, variance];
}

/** activate(z) by given statistics. */
export function composeInference(
  { x, gamma, beta, mean, variance }: { x: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  activate: (z: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  return activate(tf.add(tf.mul(tf.sub(x, mean), scale), beta));
}

/** The norm's input and output of the forward pass as [rows, channels]: xHat is standardized, z is scaled and shifted. */
export function recompute(
  { x, gamma, beta, mean, variance }: { x: tf.Tensor } & Affine & Statistics,
  epsilon: number,
) {
  const invStd = tf.rsqrt(tf.add(variance, epsilon));
  const xHat = tf.mul(tf.sub(flat(x), mean), invStd);
  return { invStd, xHat, z: tf.add(tf.mul(xHat, gamma), beta) };
}

/** [dx, dgamma, dbeta] of the training form, from the gradient dz for the norm's output. */
export function composeTrainGrad(
  { x, gamma }: { x: tf.Tensor; gamma: tf.Tensor1D },
  { invStd, xHat }: Pick<ReturnType<typeof recompute>, 'invStd' | 'xHat'>,
  dz: tf.Tensor,
): tf.Tensor[] {
  const dbeta = tf.sum(dz, 0);
  const dgamma = tf.sum(tf.mul(dz, xHat), 0);
  const rows = rowsOf(x);
  const centered = tf.sub(dz, tf.add(tf.div(dbeta, rows), tf.mul(xHat, tf.div(dgamma, rows))));
  return [tf.reshape(tf.mul(centered, tf.mul(gamma, invStd)), x.shape), dgamma, dbeta];
}

/** The gradients of the evaluation form, one function an input; gradOf gives dz from z. */
export function inferenceGradients(
  inputs: { x: tf.Tensor } & Affine & Statistics,
  epsilon: number,
  gradOf: (z: tf.Tensor) => tf.Tensor,
) {
  const again = () => recompute(inputs, epsilon);
  const constant = (name: string) => () => {
    throw new Error(
      `batchNorm: the gradient for the running ${name} is not defined; it is a buffer, not a parameter.`,
    );
  };
  return {
    x: () => {
      const { invStd, z } = again();
      return tf.reshape(tf.mul(gradOf(z), tf.mul(inputs.gamma, invStd)), inputs.x.shape);
    },
    gamma: () => {
      const { xHat, z } = again();
      return tf.sum(tf.mul(gradOf(z), xHat), 0);
    },
    beta: () => tf.sum(gradOf(again().z), 0),
    mean: constant('mean'),
    variance: constant('variance'),
  };
}

/** Throws unless x has channels and every vector one value for each of them. */
export function checkBatchNorm(op: string, x: tf.Tensor, vectors: Record<string, tf.Tensor>): void {
  checkFloat(op, 'x', x);
  if (x.rank < 2) throw new Error(`${op}: x must have at least 2 dimensions, but its shape is [${x.shape}].`);
  for (const [name, vector] of Object.entries(vectors)) checkChannels(op, name, vector, x.shape[x.rank - 1]);
}

/** Throws where a channel has one value. */
export function checkTrainingRows(op: string, x: tf.Tensor): void {
  if (rowsOf(x) < 2) {
    throw new Error(
      `${op}: a shape of [${x.shape}] has one value a channel; training statistics need at least 2 (a larger batch).`,
    );
  }
}
