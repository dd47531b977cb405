import type * as tf from '@tensorflow/tfjs-core';
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
import { checkSlope, composePrelu, composePreluGrad, composeSlopeGrad } from './prelu-composition.js';
import { toRows } from './to-rows.js';
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

type Slope = { slope: tf.Tensor1D };
interface Attrs {
  epsilon: number;
}

const gradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor } & Affine & Slope & Statistics, Attrs>(
  {
    name: 'UnitsphereBatchNormPreluGrad',
    compose: ({ dy: dyTensor, slope, ...inputs }, { epsilon }) => {
      const forward = recompute(inputs, epsilon);
      const dy = toRows(dyTensor);
      return [
        ...composeTrainGrad(inputs, forward, composePreluGrad(dy, forward.z, slope)),
        composeSlopeGrad(dy, forward.z, slope.shape[0]),
      ];
    },
    kernels: { wasm: batchNormPreluGradWasm, webgpu: batchNormPreluGradWebGpu },
  },
);

const trainOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor } & Affine & Slope, Attrs>({
  name: 'UnitsphereBatchNormPreluTrain',
  compose: ({ slope, ...inputs }, { epsilon }) =>
    composeTrain(inputs, epsilon, (z) => composePrelu(z, slope)),
  inputsToSave: ['x', 'gamma', 'beta', 'slope'],
  outputsToSave: [false, true, true],
  gradient: ([dy], saved, attrs) => {
    const [x, gamma, beta, slope, mean, variance] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    // One pass computes all four gradients; the tape takes those it needs.
    const grads = gradOp({ x, dy, gamma, beta, slope, mean, variance }, attrs);
    return { x: () => grads[0], gamma: () => grads[1], beta: () => grads[2], slope: () => grads[3] };
  },
  kernels: { wasm: batchNormPreluTrainWasm, webgpu: batchNormPreluTrainWebGpu },
});

const inferenceOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor } & Affine & Slope & Statistics, Attrs>({
  name: 'UnitsphereBatchNormPreluInference',
  compose: ({ slope, ...inputs }, { epsilon }) =>
    composeInference(inputs, epsilon, (z) => composePrelu(z, slope)),
  inputsToSave: ['x', 'gamma', 'beta', 'mean', 'variance', 'slope'],
  gradient: ([dyTensor], saved, { epsilon }) => {
    const [x, gamma, beta, mean, variance, slope] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    const inputs = { x, gamma, beta, mean, variance };
    const dy = () => toRows(dyTensor);
    return {
      ...inferenceGradients(inputs, epsilon, (z) => composePreluGrad(dy(), z, slope)),
      slope: () => composeSlopeGrad(dy(), recompute(inputs, epsilon).z, slope.shape[0]),
    };
  },
  kernels: { wasm: batchNormPreluInferenceWasm, webgpu: batchNormPreluInferenceWebGpu },
});

/**
 * Applies {@link batchNormTrain} and then {@link prelu}, in one forward and one backward pass. The value between them is
 * not kept in memory.
 * @param x float32 [..., channels]; statistics are taken over all other axes.
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param slope float32 [channels], or [1] for one slope that all channels share.
 * @param options.epsilon Added to the variance. Default 1e-5, as in PyTorch.
 * @returns y, of x's shape, and the batch's mean and biased variance, float32 [channels], for the running averages.
 * @throws Error on a wrong rank, dtype or length, or if there are fewer than 2 values per channel.
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
 * Applies {@link batchNormInference} and then {@link prelu}, in one pass. Differentiable in x, gamma, beta and slope.
 * @param x float32 [..., channels].
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param mean float32 [channels], running mean.
 * @param variance float32 [channels], running variance.
 * @param slope float32 [channels], or [1] for one slope that all channels share.
 * @param options.epsilon Added to the variance. Default 1e-5, as in PyTorch.
 * @returns A tensor of x's shape.
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
