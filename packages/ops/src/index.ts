export { hardSigmoid, hardSwish, relu, relu6, sigmoid, silu } from './activation.js';
export { type Activation, type KernelActivation, kernelCode } from './activation-names.js';
export { type AdamWParameter, adamWUpdateEach } from './adamw-of-each.js';
export { addBias } from './add-bias.js';
export {
  type BatchNormOptions,
  type BatchNormTrainOptions,
  batchNormInference,
  batchNormTrain,
} from './batch-norm.js';
export type { TrainedBatchNorm } from './batch-norm-composition.js';
export { batchNormPreluInference, batchNormPreluTrain } from './batch-norm-prelu.js';
export { conv2d } from './conv2d.js';
export { countMultiplyAdds } from './count-multiply-adds.js';
export { countNonFinite } from './count-non-finite.js';
export { depthwiseConv2d } from './depthwise-conv2d.js';
export { gatherRows, scatterAddRows } from './gather-rows.js';
export { gelu } from './gelu.js';
export { globalAveragePool } from './global-average-pool.js';
export { groupedConv2d } from './grouped-conv2d.js';
export { getKernelThreads, setKernelThreads } from './kernel-threads.js';
export { cosineLogits, l2Normalize, l2NormalizeGradient } from './l2-normalize.js';
export { layerNorm } from './layer-norm.js';
export { linear } from './linear.js';
export {
  type MarginSoftmaxBackwardOptions,
  type MarginSoftmaxForwardOptions,
  type MarginSoftmaxOptions,
  type MarginSoftmaxSums,
  marginSoftmaxBackward,
  marginSoftmaxForward,
} from './margin-softmax.js';
export type { MarginSoftmaxBackwardInputs } from './margin-softmax-attrs.js';
export { matMul } from './mat-mul.js';
export { maxPool2d } from './max-pool.js';
export { updateMovingAverage, updateRunningStatistics } from './moving-average.js';
export { type ImageStatistics, normalizeImages, pixelTables } from './normalize-images.js';
export {
  type AdamWStep,
  adamWUpdate,
  type SgdStep,
  sgdUpdate,
  sumSquares,
} from './optimizer-updates.js';
export {
  describeMatmulPrecision,
  type MatmulPrecisionReport,
  type ProductReport,
} from './precision/describe.js';
export {
  getFloat32MatmulPrecision,
  MATMUL_PRECISIONS,
  type MatmulPrecision,
  PRODUCT_KINDS,
  type ProductKind,
  type ProductPolicy,
  setFloat32MatmulPrecision,
  withFloat32MatmulPrecision,
  withProductPolicy,
} from './precision/matmul-precision.js';
export { packBfloat16, unpackBfloat16 } from './precision/pack-bfloat16.js';
export { roundToBfloat16, roundToTensorFloat32 } from './precision/round.js';
export { toBfloat16 } from './precision/round-values.js';
export { prelu } from './prelu.js';
export { quickGelu } from './quick-gelu.js';
export {
  type AdamWRowsStep,
  adamWUpdateRows,
  assignRows,
  type SgdRowsStep,
  sgdUpdateRows,
} from './row-updates.js';
export { scaleChannels } from './scale-channels.js';
export { scaleSamples } from './scale-samples.js';
export { selfAttention } from './self-attention.js';
export { createSharedRowMemory, fitsSharedRowMemory, type SharedRowMemory } from './shared-rows.js';
export { sumSquaresOfEach } from './sum-squares-of-each.js';
export { readTensors, writeTensors } from './tensor-memory.js';
export { createKernelSet, type KernelFunction, type KernelSet } from './wasm/kernel-set.js';
export type { StatisticsGroup } from './whole-batch.js';
export type { PoolWindow, Window } from './window.js';
