export { gemm, gemmScratchBytes } from './gemm';
export { im2col, col2im } from './im2col';
export { depthwise, depthwiseBackpropInput, depthwiseBackpropFilter, flipKernel } from './depthwise';
export { moments, affine, batchNormGradSums, batchNormGradInput } from './batch-norm';
export { activation, activationGrad } from './elementwise';
export { l2Normalize, l2NormalizeGrad, scatterAddRows } from './rows';
export { adamW, sumSquares } from './optimizers';
export { marginSoftmaxScratchBytes, marginSoftmaxForward, marginSoftmaxBackward } from './margin-softmax';
