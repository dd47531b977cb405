export { Backbone, type BackboneFactory, type BackboneOptions, type FeatureInfo } from './backbone.js';
export { type BackboneName, createBackbone, listBackbones } from './registry.js';
export { SqueezeExcite } from './squeeze-excite.js';
