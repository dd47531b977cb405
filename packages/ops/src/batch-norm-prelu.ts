import type * as tf from '@tensorflow/tfjs-core';
import type { BatchNormTrainOptions } from './batch-norm.js';
import {
  type Affine,
  checkBatchNorm,
  composeInference,
  composeTrain,
  composeTrainGrad,
  inferenceGradients,
  openWholeBatch,
  recompute,
  runningGradients,
  type Statistics,
  type TrainAttrs,
  type TrainedBatchNorm,
} from './batch-norm-composition.js';
import { defineOp, type OpDefinition } from './define-op.js';
import { defineSyncOp } from './define-sync-op.js';
import { checkSlope, composePrelu, composePreluGrad, composeSlopeGrad } from './prelu-composition.js';
import { finishTraining, type RunningInputs, runningInputs } from './running-averages.js';
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

type GradInputs = { x: tf.Tensor; dy: tf.Tensor } & Affine & Slope & Statistics;
type TrainInputs = { x: tf.Tensor } & Affine & Slope & RunningInputs;

const grad: OpDefinition<GradInputs, TrainAttrs> = {
  name: 'UnitsphereBatchNormPreluGrad',
  compose: ({ dy: dyTensor, slope, ...inputs }, { epsilon, wholeBatch }) => {
    const forward = recompute(inputs, epsilon);
    const dy = toRows(dyTensor);
    return [
      ...composeTrainGrad(inputs, forward, composePreluGrad(dy, forward.z, slope), wholeBatch),
      composeSlopeGrad(dy, forward.z, slope.shape[0]),
    ];
  },
  kernels: { wasm: batchNormPreluGradWasm, webgpu: batchNormPreluGradWebGpu },
};
const gradOp = /* @__PURE__ */ defineOp(grad);

const train: OpDefinition<TrainInputs, TrainAttrs> = {
  name: 'UnitsphereBatchNormPreluTrain',
  compose: ({ slope, ...inputs }, attrs) => composeTrain(inputs, attrs, (z) => composePrelu(z, slope)),
  inputsToSave: ['x', 'gamma', 'beta', 'slope'],
  outputsToSave: [false, true, true],
  gradient: ([dy], saved, attrs) => {
    const [x, gamma, beta, slope, mean, variance] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    // One pass computes all four gradients; the tape takes those it needs.
    const run = attrs.wholeBatch ? syncGradOp : gradOp;
    const grads = run({ x, dy, gamma, beta, slope, mean, variance }, attrs);
    return {
      x: () => grads[0],
      gamma: () => grads[1],
      beta: () => grads[2],
      slope: () => grads[3],
      ...runningGradients,
    };
  },
  kernels: { wasm: batchNormPreluTrainWasm, webgpu: batchNormPreluTrainWebGpu },
};
const trainOp = /* @__PURE__ */ defineOp(train);

const syncGradOp = /* @__PURE__ */ defineSyncOp(
  grad,
  'UnitsphereSyncBatchNormPreluGrad',
  batchNormPreluGradWasm,
);
const syncTrainOp = /* @__PURE__ */ defineSyncOp(
  train,
  'UnitsphereSyncBatchNormPreluTrain',
  batchNormPreluTrainWasm,
);

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
 * @param options.group Replicas that divide the batch, as for {@link batchNormTrain}.
 * @param options.running Running averages, updated in place.
 * @returns The same as {@link batchNormTrain}.
 * @throws Error as {@link batchNormTrain}, or on a wrong shape of the slope.
 */
export function batchNormPreluTrain<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  slope: tf.Tensor1D,
  { epsilon = 1e-5, group, running }: Omit<BatchNormTrainOptions, 'activation'> = {},
): TrainedBatchNorm<T> {
  checkBatchNorm('batchNormPreluTrain', x, { gamma, beta, ...runningInputs(running) });
  checkSlope('batchNormPreluTrain', slope, gamma.shape[0]);
  const wholeBatch = openWholeBatch('batchNormPreluTrain', x, group);
  const attrs = { epsilon, wholeBatch, momentum: running?.momentum };
  const outputs = wholeBatch
    ? syncTrainOp({ x, gamma, beta, slope }, attrs)
    : trainOp({ x, gamma, beta, slope, ...runningInputs(running) }, attrs);
  return finishTraining(x, outputs, { wholeBatch, running });
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
