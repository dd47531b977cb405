import type * as tf from '@tensorflow/tfjs-core';
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
import { checkSlope, composePrelu, composePreluGrad, composeSlopeGrad } from './prelu-composition.js';
import {
  batchNormPreluGradWasm,
  batchNormPreluInferenceWasm,
  batchNormPreluTrainWasm,
} from './wasm/batch-norm.js';
import {
  batchNormPreluGradWebGpu,
  batchNormPreluInferenceWebGpu,
  batchNormPreluTrainWebGpu,
} from './webgpu/batch-norm.js';

type Sloped = { slope: tf.Tensor1D };
interface Attrs {
  epsilon: number;
}

const gradOp = /* @__PURE__ */ defineOp<
  { x: tf.Tensor; dy: tf.Tensor } & Affine & Sloped & Statistics,
  Attrs
>({
  name: 'UnitsphereBatchNormPreluGrad',
  compose: ({ dy: dyTensor, slope, ...inputs }, { epsilon }) => {
    const again = recompute(inputs, epsilon);
    const dy = flat(dyTensor);
    return [
      ...composeTrainGrad(inputs, again, composePreluGrad(dy, again.z, slope)),
      composeSlopeGrad(dy, again.z, slope.shape[0]),
    ];
  },
  kernels: { wasm: batchNormPreluGradWasm, webgpu: batchNormPreluGradWebGpu },
});

const trainOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor } & Affine & Sloped, Attrs>({
  name: 'UnitsphereBatchNormPreluTrain',
  compose: ({ slope, ...inputs }, { epsilon }) =>
    composeTrain(inputs, epsilon, (z) => composePrelu(z, slope)),
  inputsToSave: ['x', 'gamma', 'beta', 'slope'],
  outputsToSave: [false, true, true],
  gradient: ([dy], saved, attrs) => {
    const [x, gamma, beta, slope, mean, variance] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    const inputs = { gamma: gamma, beta: beta, slope: slope, mean: mean, variance: variance };
    // One pass gives all four; whichever the tape asks for is there.
    const grads = gradOp({ x, dy: dy, ...inputs }, attrs);
    return { x: () => grads[0], gamma: () => grads[1], beta: () => grads[2], slope: () => grads[3] };
  },
  kernels: { wasm: batchNormPreluTrainWasm, webgpu: batchNormPreluTrainWebGpu },
});

const inferenceOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor } & Affine & Sloped & Statistics, Attrs>({
  name: 'UnitsphereBatchNormPreluInference',
  compose: ({ slope, ...inputs }, { epsilon }) =>
    composeInference(inputs, epsilon, (z) => composePrelu(z, slope)),
  inputsToSave: ['x', 'gamma', 'beta', 'mean', 'variance', 'slope'],
  gradient: ([dyTensor], saved, { epsilon }) => {
    const [x, gamma, beta, mean, variance, slope] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    const inputs = { x, gamma: gamma, beta: beta, mean: mean, variance: variance };
    const dy = () => flat(dyTensor);
    return {
      ...inferenceGradients(inputs, epsilon, (z) => composePreluGrad(dy(), z, slope)),
      slope: () => composeSlopeGrad(dy(), recompute(inputs, epsilon).z, slope.shape[0]),
    };
  },
  kernels: { wasm: batchNormPreluInferenceWasm, webgpu: batchNormPreluInferenceWebGpu },
});

/**
 * {@link batchNormTrain} and {@link prelu} behind it, in one pass forward and one backward: nothing between them is kept
 * in memory.
 * @param x float32 [..., channels]; statistics are taken over all other axes.
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param slope float32 [channels], or [1] for one slope that all channels share.
 * @param options.epsilon Added to the variance. Default 1e-5, as in PyTorch.
 * @returns y, as x; and the batch's mean and biased variance, float32 [channels], for the running averages.
 * @throws Error on a wrong rank, dtype or length, or when there are fewer than 2 values a channel.
 */
export function batchNormPreluTrain<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  slope: tf.Tensor1D,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): { y: T; mean: tf.Tensor1D; variance: tf.Tensor1D } {
  checkBatchNorm('batchNormPreluTrain', x, { gamma, beta });
  checkSlope('batchNormPreluTrain', slope, gamma.shape[0]);
  checkTrainingRows('batchNormPreluTrain', x);
  const [y, mean, variance] = trainOp({ x, gamma, beta, slope }, { epsilon });
  return { y: y as T, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/**
 * {@link batchNormInference} and {@link prelu} behind it, in one pass; differentiable in x, gamma, beta and slope.
 * @param x float32 [..., channels].
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param mean float32 [channels], running mean.
 * @param variance float32 [channels], running variance.
 * @param slope float32 [channels], or [1] for one slope that all channels share.
 * @param options.epsilon Added to the variance. Default 1e-5, as in PyTorch.
 * @returns As x.
 * @throws Error on a wrong rank, dtype or length.
 */
export function batchNormPreluInference<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  slope: tf.Tensor1D,
  { epsilon = 1e-5 }: { epsilon?: number } = {},
): T {
  checkBatchNorm('batchNormPreluInference', x, { gamma, beta, mean, variance });
  checkSlope('batchNormPreluInference', slope, gamma.shape[0]);
  return inferenceOp({ x, gamma, beta, mean, variance, slope }, { epsilon })[0] as T;
}
