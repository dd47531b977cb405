import * as tf from '@tensorflow/tfjs-core';
import { type Activation, composeActivation, composeActivationGrad } from './activation.js';
import { checkChannels, checkFloat, rowsOf } from './check.js';
import { defineOp } from './define-op.js';
import { batchNormGradWasm, batchNormInferenceWasm, batchNormTrainWasm } from './wasm/batch-norm.js';
import { batchNormGradWebGpu, batchNormInferenceWebGpu, batchNormTrainWebGpu } from './webgpu/batch-norm.js';

/** What batch norm needs beside its tensors. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5, as in PyTorch. */
  epsilon?: number;
  /** Applied to the result in the same pass. Default 'none'. */
  activation?: Activation;
}

interface Attrs {
  epsilon: number;
  activation: Activation;
}

type Affine = { gamma: tf.Tensor1D; beta: tf.Tensor1D };
type Statistics = { mean: tf.Tensor1D; variance: tf.Tensor1D };

const flat = (x: tf.Tensor) => tf.reshape(x, [-1, x.shape[x.rank - 1]!]) as tf.Tensor2D;

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics, Attrs>({
  name: 'UnitsphereBatchNormGrad',
  compose: ({ x, dy, gamma, beta, mean, variance }, { epsilon, activation }) => {
    const invStd = tf.rsqrt(tf.add(variance, epsilon));
    const xHat = tf.mul(tf.sub(flat(x), mean), invStd);
    const dz = composeActivationGrad(flat(dy), tf.add(tf.mul(xHat, gamma), beta), activation);
    const dbeta = tf.sum(dz, 0);
    const dgamma = tf.sum(tf.mul(dz, xHat), 0);
    const rows = rowsOf(x);
    const centred = tf.sub(dz, tf.add(tf.div(dbeta, rows), tf.mul(xHat, tf.div(dgamma, rows))));
    return [tf.reshape(tf.mul(centred, tf.mul(gamma, invStd)), x.shape), dgamma, dbeta];
  },
  kernels: { wasm: batchNormGradWasm, webgpu: batchNormGradWebGpu },
});

const trainOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor } & Affine, Attrs>({
  name: 'UnitsphereBatchNormTrain',
  compose: ({ x, gamma, beta }, { epsilon, activation }) => {
    const rows = flat(x);
    const { mean, variance } = tf.moments(rows, 0);
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
    const z = tf.add(tf.mul(tf.sub(rows, mean), scale), beta);
    return [tf.reshape(composeActivation(z, activation), x.shape), mean, variance];
  },
  inputsToSave: ['x', 'gamma', 'beta'],
  outputsToSave: [false, true, true],
  gradient: ([dy], saved, attrs) => {
    const [x, gamma, beta, mean, variance] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    // One pass gives all three; whichever the tape asks for is there.
    const grads = gradOp({ x, dy: dy!, gamma: gamma!, beta: beta!, mean: mean!, variance: variance! }, attrs);
    return { x: () => grads[0]!, gamma: () => grads[1]!, beta: () => grads[2]! };
  },
  kernels: { wasm: batchNormTrainWasm, webgpu: batchNormTrainWebGpu },
});

const inferenceOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor } & Affine & Statistics, Attrs>({
  name: 'UnitsphereBatchNormInference',
  compose: ({ x, gamma, beta, mean, variance }, { epsilon, activation }) => {
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
    return composeActivation(tf.add(tf.mul(tf.sub(x, mean), scale), beta), activation);
  },
  inputsToSave: ['x', 'gamma', 'beta', 'mean', 'variance'],
  gradient: ([dy], saved, { epsilon, activation }) => {
    const [x, gamma, beta, mean, variance] = saved as [tf.Tensor, ...tf.Tensor[]];
    const invStd = () => tf.rsqrt(tf.add(variance!, epsilon));
    const xHat = () => tf.mul(tf.sub(flat(x), mean!), invStd());
    const dz = () => composeActivationGrad(flat(dy!), tf.add(tf.mul(xHat(), gamma!), beta!), activation);
    const constant = (name: string) => () => {
      throw new Error(
        `batchNorm: the gradient for the running ${name} is not defined; it is a buffer, not a parameter.`,
      );
    };
    return {
      x: () => tf.reshape(tf.mul(dz(), tf.mul(gamma!, invStd())), x.shape),
      gamma: () => tf.sum(tf.mul(dz(), xHat()), 0),
      beta: () => tf.sum(dz(), 0),
      mean: constant('mean'),
      variance: constant('variance'),
    };
  },
  kernels: { wasm: batchNormInferenceWasm, webgpu: batchNormInferenceWebGpu },
});

function check(op: string, x: tf.Tensor, vectors: Record<string, tf.Tensor>): void {
  checkFloat(op, 'x', x);
  if (x.rank < 2) throw new Error(`${op}: x must have at least 2 dimensions, but its shape is [${x.shape}].`);
  for (const [name, vector] of Object.entries(vectors)) checkChannels(op, name, vector, x.shape[x.rank - 1]!);
}

/**
 * Batch norm with the batch's own statistics (Ioffe & Szegedy, 2015), with its gradient, as torch's in training mode.
 * @param x float32 [..., channels]; statistics are taken over all other axes.
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @returns y, as x; and the batch's mean and biased variance, float32 [channels], for the running averages.
 * @throws Error on a wrong rank, dtype or length, or when there are fewer than 2 values a channel.
 */
export function batchNormTrain<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  { epsilon = 1e-5, activation = 'none' }: BatchNormOptions = {},
): { y: T; mean: tf.Tensor1D; variance: tf.Tensor1D } {
  check('batchNormTrain', x, { gamma, beta });
  if (rowsOf(x) < 2) {
    throw new Error(
      `batchNormTrain: a shape of [${x.shape}] has one value a channel; training statistics need at least 2 (a larger batch).`,
    );
  }
  const [y, mean, variance] = trainOp({ x, gamma, beta }, { epsilon, activation });
  return { y: y as T, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/**
 * Batch norm with given statistics, as torch's in evaluation mode; differentiable in x, gamma and beta.
 * @param x float32 [..., channels].
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param mean float32 [channels], running mean.
 * @param variance float32 [channels], running variance.
 * @returns As x.
 * @throws Error on a wrong rank, dtype or length.
 */
export function batchNormInference<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  { epsilon = 1e-5, activation = 'none' }: BatchNormOptions = {},
): T {
  check('batchNormInference', x, { gamma, beta, mean, variance });
  return inferenceOp({ x, gamma, beta, mean, variance }, { epsilon, activation })[0] as T;
}
