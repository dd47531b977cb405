export { gemm, gemmScratchBytes } from './gemm';
export { convThin, convThinBackpropFilter } from './conv-thin';
export { convFused, convFusedScratchBytes, panelWidth } from './conv-fused';
export {
  transformedFilterFloats,
  transformFilter,
  turnFilter,
  winogradBackpropFilter,
  winogradBackpropFilterScratchBytes,
  winogradFused,
  winogradScratchBytes,
} from './winograd';
export { addActivation } from './finish';
export { im2col, col2im } from './im2col';
export {
  depthwise,
  depthwiseFused,
  depthwiseFusedScratchBytes,
  depthwisePadded,
  depthwiseBackpropInput,
  depthwiseBackpropFilter,
  flipKernel,
} from './depthwise';
export { moments } from './batch-norm';
export * from './batch-norm-variants.generated';
export { activation, activationGrad } from './elementwise';
export { selfAttention, selfAttentionScratchBytes } from './attention';
export { softmaxRows, softmaxRowsGrad } from './softmax';
export { l2Normalize, l2NormalizeGrad, gatherRows, scatterAddRows } from './rows';
export { adamW, sgd, movingAverage, sumSquares } from './optimizers';
export { marginSoftmaxScratchBytes, marginSoftmaxForward, marginSoftmaxBackward } from './margin-softmax';
export { layerNorm, layerNormGrad } from './layer-norm';
export {
  globalAveragePool,
  globalAveragePoolGrad,
  scaleChannels,
  scaleChannelsGradGate,
  addBias,
  columnSums,
} from './channels';
export { maxPool, maxPoolGrad } from './max-pool';
export { prelu, preluGradInput, preluGradSlope } from './prelu';
export { lookUpPixels } from './images';
export { countNonFinite, packBfloat16, round, unpackBfloat16 } from './round';
