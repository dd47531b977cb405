import type * as tf from '@tensorflow/tfjs-core';
import { composeActivation, composeActivationGrad } from './activation.js';
import type { Activation } from './activation-names.js';
import {
  type Affine,
  checkBatchNorm,
  checkTrainingRows,
  composeInference,
  composeTrain,
  composeTrainGrad,
  inferenceGradients,
  recompute,
  type Statistics,
} from './batch-norm-composition.js';
import { defineOp } from './define-op.js';
import { toRows } from './to-rows.js';
import { batchNormGradWasm, batchNormInferenceWasm, batchNormTrainWasm } from './wasm/batch-norm.js';
import { batchNormGradWebGpu, batchNormInferenceWebGpu, batchNormTrainWebGpu } from './webgpu/batch-norm.js';

/** Options of batch norm. */
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
    const forward = recompute(inputs, epsilon);
    return composeTrainGrad(inputs, forward, composeActivationGrad(toRows(dy), forward.z, activation));
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
    // One pass computes all three gradients; the tape takes those it needs.
    const grads = gradOp({ x, dy, gamma, beta, mean, variance }, attrs);
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
    const inputs = { x, gamma, beta, mean, variance };
    return inferenceGradients(inputs, epsilon, (z) => composeActivationGrad(toRows(dy), z, activation));
  },
  kernels: { wasm: batchNormInferenceWasm, webgpu: batchNormInferenceWebGpu },
});

/**
 * Applies batch norm with the batch's own statistics (Ioffe & Szegedy, 2015), as PyTorch in training mode.
 * @param x float32 [..., channels]; statistics are taken over all other axes.
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @returns y, of x's shape, and the batch's mean and biased variance, float32 [channels], for the running averages.
 * @throws Error on a wrong rank, dtype or length, or if there are fewer than 2 values per channel.
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
 * Applies batch norm with the given statistics, as PyTorch in evaluation mode. Differentiable in x, gamma and beta.
 * @param x float32 [..., channels].
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param mean float32 [channels], running mean.
 * @param variance float32 [channels], running variance.
 * @returns A tensor of x's shape.
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
