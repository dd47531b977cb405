import type * as tf from '@tensorflow/tfjs-core';
import { type Activation, composeActivation, composeActivationGrad } from './activation.js';
import {
  type Affine,
  checkBatchNorm,
  checkTrainingRows,
  composeInference,
  composeTrain,
  composeTrainGrad,
  flat,
  inferenceGradients,
  recompute,
  type Statistics,
} from './batch-norm-composition.js';
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

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics, Attrs>({
  name: 'UnitsphereBatchNormGrad',
  compose: ({ dy, ...inputs }, { epsilon, activation }) => {
    const again = recompute(inputs, epsilon);
    return composeTrainGrad(inputs, again, composeActivationGrad(flat(dy), again.z, activation));
  },
  kernels: { wasm: batchNormGradWasm, webgpu: batchNormGradWebGpu },
});

const trainOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor } & Affine, Attrs>({
  name: 'UnitsphereBatchNormTrain',
  compose: (inputs, { epsilon, activation }) =>
    composeTrain(inputs, epsilon, (z) => composeActivation(z, activation)),
  inputsToSave: ['x', 'gamma', 'beta'],
  outputsToSave: [false, true, true],
  gradient: ([dy], saved, attrs) => {
    const [x, gamma, beta, mean, variance] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    // One pass gives all three; whichever the tape asks for is there.
    const grads = gradOp({ x, dy: dy, gamma: gamma, beta: beta, mean: mean, variance: variance }, attrs);
    return { x: () => grads[0], gamma: () => grads[1], beta: () => grads[2] };
  },
  kernels: { wasm: batchNormTrainWasm, webgpu: batchNormTrainWebGpu },
});

const inferenceOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor } & Affine & Statistics, Attrs>({
  name: 'UnitsphereBatchNormInference',
  compose: (inputs, { epsilon, activation }) =>
    composeInference(inputs, epsilon, (z) => composeActivation(z, activation)),
  inputsToSave: ['x', 'gamma', 'beta', 'mean', 'variance'],
  gradient: ([dy], saved, { epsilon, activation }) => {
    const [x, gamma, beta, mean, variance] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    const inputs = { x, gamma: gamma, beta: beta, mean: mean, variance: variance };
    return inferenceGradients(inputs, epsilon, (z) => composeActivationGrad(flat(dy), z, activation));
  },
  kernels: { wasm: batchNormInferenceWasm, webgpu: batchNormInferenceWebGpu },
});

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
  checkBatchNorm('batchNormTrain', x, { gamma, beta });
  checkTrainingRows('batchNormTrain', x);
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
  checkBatchNorm('batchNormInference', x, { gamma, beta, mean, variance });
  return inferenceOp({ x, gamma, beta, mean, variance }, { epsilon, activation })[0] as T;
}
