export { gemm, gemmScratchBytes } from './gemm';
export { im2col, col2im } from './im2col';
export { depthwise, depthwiseBackpropInput, depthwiseBackpropFilter, flipKernel } from './depthwise';
export { moments, affine, batchNormGradSums, batchNormGradInput } from './batch-norm';
export { activation, activationGrad } from './elementwise';
export { maxPool, maxPoolGrad } from './max-pool';
export { prelu, preluGradInput, preluGradSlope } from './prelu';
export { l2Normalize, l2NormalizeGrad, scatterAddRows } from './rows';
export { adamW, sumSquares } from './optimizers';
