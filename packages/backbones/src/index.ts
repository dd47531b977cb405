export { Backbone, type BackboneOptions, type FeatureInfo } from './backbone.js';
export type { Layer } from './layer.js';
export { layerIds } from './layer-ids.js';
export { type BackboneCost, measureBackbone } from './measure.js';
export {
  type BackboneDescription,
  type BackboneName,
  createBackbone,
  describeBackbone,
  listBackbones,
} from './registry.js';
export { Residual, type ResidualOptions } from './residual.js';
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.js';
export { type Step, StepBackbone } from './step-backbone.js';
export { VisionTransformer, type VisionTransformerPlan } from './vision-transformer.js';
