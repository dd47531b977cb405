import type * as tf from '@tensorflow/tfjs-core';
import { composeActivation, composeActivationGrad } from './activation.js';
import type { Activation } from './activation-names.js';
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
import {
  finishTraining,
  type RunningAverages,
  type RunningInputs,
  runningInputs,
} from './running-averages.js';
import {
  batchNormGradTensorFlow,
  batchNormInferenceTensorFlow,
  batchNormTrainTensorFlow,
} from './tensorflow/batch-norm.js';
import { toRows } from './to-rows.js';
import { batchNormGradWasm, batchNormInferenceWasm, batchNormTrainWasm } from './wasm/batch-norm.js';
import { batchNormGradWebGpu, batchNormInferenceWebGpu, batchNormTrainWebGpu } from './webgpu/batch-norm.js';
import type { StatisticsGroup } from './whole-batch.js';

/** Options of batch norm. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5, as in PyTorch. */
  epsilon?: number;
  /** Applied to the result in the same pass. Default 'none'. */
  activation?: Activation;
}

/** Options of batch norm with the batch's own statistics. */
export interface BatchNormTrainOptions extends BatchNormOptions {
  /** Replicas that divide the batch: statistics are those of all their values (PyTorch's SyncBatchNorm). Default: this replica alone. */
  group?: StatisticsGroup;
  /** Running averages, updated in place. Default: none. */
  running?: RunningAverages;
}

interface Attrs {
  epsilon: number;
  activation: Activation;
}

type GradInputs = { x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics;
type TrainInputs = { x: tf.Tensor } & Affine & RunningInputs;

const grad: OpDefinition<GradInputs, Attrs & TrainAttrs> = {
  name: 'UnitsphereBatchNormGrad',
  compose: ({ dy, ...inputs }, { epsilon, activation, wholeBatch }) => {
    const forward = recompute(inputs, epsilon);
    const dz = composeActivationGrad(toRows(dy), forward.z, activation);
    return composeTrainGrad(inputs, forward, dz, wholeBatch);
  },
  kernels: { wasm: batchNormGradWasm, webgpu: batchNormGradWebGpu, tensorflow: batchNormGradTensorFlow },
};
const gradOp = /* @__PURE__ */ defineOp(grad);

const train: OpDefinition<TrainInputs, Attrs & TrainAttrs> = {
  name: 'UnitsphereBatchNormTrain',
  compose: (inputs, { activation, ...attrs }) =>
    composeTrain(inputs, attrs, (z) => composeActivation(z, activation)),
  inputsToSave: ['x', 'gamma', 'beta'],
  outputsToSave: [false, true, true],
  gradient: ([dy], saved, attrs) => {
    const [x, gamma, beta, mean, variance] = saved as [tf.Tensor, ...tf.Tensor1D[]];
    // One pass computes all three gradients; the tape takes those it needs.
    const run = attrs.wholeBatch ? syncGradOp : gradOp;
    const grads = run({ x, dy, gamma, beta, mean, variance }, attrs);
    return { x: () => grads[0], gamma: () => grads[1], beta: () => grads[2], ...runningGradients };
  },
  kernels: { wasm: batchNormTrainWasm, webgpu: batchNormTrainWebGpu, tensorflow: batchNormTrainTensorFlow },
};
const trainOp = /* @__PURE__ */ defineOp(train);

const syncGradOp = /* @__PURE__ */ defineSyncOp(grad, 'UnitsphereSyncBatchNormGrad', batchNormGradWasm);
const syncTrainOp = /* @__PURE__ */ defineSyncOp(train, 'UnitsphereSyncBatchNormTrain', batchNormTrainWasm);

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
  kernels: {
    wasm: batchNormInferenceWasm,
    webgpu: batchNormInferenceWebGpu,
    tensorflow: batchNormInferenceTensorFlow,
  },
});

/**
 * Applies batch norm with the batch's own statistics (Ioffe & Szegedy, 2015), as PyTorch in training mode.
 * @param x float32 [..., channels]; statistics are taken over all other axes.
 * @param gamma float32 [channels], scale.
 * @param beta float32 [channels], shift.
 * @param options.group Replicas that divide the batch. All of them call this operation, and its gradient, in the same order; x is
 *   this replica's part. The gradients of gamma and beta are this replica's contributions, to be summed like all gradients.
 * @returns y, of x's shape, the batch's mean and biased variance, float32 [channels], and `rows`, the number of values per
 *   channel that they were taken over.
 * @throws Error on a wrong rank, dtype or length, if there are fewer than 2 values per channel, or for a group on `webgpu`, which
 *   cannot wait within an operation.
 */
export function batchNormTrain<T extends tf.Tensor>(
  x: T,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  { epsilon = 1e-5, activation = 'none', group, running }: BatchNormTrainOptions = {},
): TrainedBatchNorm<T> {
  checkBatchNorm('batchNormTrain', x, { gamma, beta, ...runningInputs(running) });
  const wholeBatch = openWholeBatch('batchNormTrain', x, group);
  const attrs = { epsilon, activation, wholeBatch, momentum: running?.momentum };
  const outputs = wholeBatch
    ? syncTrainOp({ x, gamma, beta }, attrs)
    : trainOp({ x, gamma, beta, ...runningInputs(running) }, attrs);
  return finishTraining(x, outputs, { wholeBatch, running });
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
