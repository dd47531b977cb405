export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from './batch-norm.js';
export { BatchNormLayerNorm } from './batch-norm-layer-norm.js';
export { LayerNorm, type NormOptions } from './layer-norm.js';
export { LayerNormBatchNorm } from './layer-norm-batch-norm.js';
export { createNorm, listNorms, type NormName } from './registry.js';
export { convertSyncBatchNorm } from './sync-batch-norm.js';
