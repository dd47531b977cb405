export { ArcFace, type ArcFaceOptions } from './arcface.js';
export { CombinedMargin, type CombinedMarginOptions } from './combined-margin.js';
export { CosFace, type CosFaceOptions } from './cosface.js';
export { type LinearRamp, linearRamp } from './linear-ramp.js';
export type { Labels, MarginLoss, MarginLossOptions } from './margin-loss.js';
export { NormalizedSoftmax } from './normalized-softmax.js';
