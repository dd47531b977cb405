export { Backbone, type BackboneOptions, type FeatureInfo } from './backbone.js';
export { layerIds } from './layer-ids.js';
export { type BackboneCost, measureBackbone } from './measure.js';
export {
  type BackboneDescription,
  type BackboneName,
  createBackbone,
  describeBackbone,
  listBackbones,
} from './registry.js';
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.js';
