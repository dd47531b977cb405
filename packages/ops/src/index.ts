export { type Activation, hardSigmoid, hardSwish, relu } from './activation.js';
export { type BatchNormOptions, batchNormInference, batchNormTrain } from './batch-norm.js';
export { conv2d } from './conv2d.js';
export { depthwiseConv2d } from './depthwise-conv2d.js';
export { gatherRows, scatterAddRows } from './gather-rows.js';
export { globalAveragePool } from './global-average-pool.js';
export { cosineLogits, l2Normalize, l2NormalizeGradient } from './l2-normalize.js';
export { layerNorm } from './layer-norm.js';
export { addBias, linear, matMul } from './linear.js';
export {
  type MarginSoftmaxBackwardInputs,
  type MarginSoftmaxBackwardOptions,
  type MarginSoftmaxOptions,
  type MarginSoftmaxSums,
  marginSoftmaxBackward,
  marginSoftmaxForward,
} from './margin-softmax.js';
export { updateMovingAverage } from './moving-average.js';
export {
  type AdamWStep,
  adamWUpdate,
  type SgdStep,
  sgdUpdate,
  sumSquares,
} from './optimizer-updates.js';
export {
  type AdamWRowsStep,
  adamWUpdateRows,
  assignRows,
  type SgdRowsStep,
  sgdUpdateRows,
} from './row-updates.js';
export { scaleChannels } from './scale-channels.js';
export type { Window } from './window.js';
