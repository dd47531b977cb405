export {
  EmbeddingHead,
  type EmbeddingHeadOptions,
  type HeadNormName,
  listHeadNorms,
} from './embedding-head.js';
export { Flatten } from './flatten.js';
export { GAP } from './gap.js';
export {
  createNeck,
  listNecks,
  type Neck,
  type NeckInput,
  type NeckName,
  type NeckOptions,
} from './registry.js';
export { type MapSize, resampleFeatures } from './resample-features.js';
export { Squeeze } from './squeeze.js';
