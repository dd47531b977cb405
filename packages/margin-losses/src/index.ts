export { ArcFace, type ArcFaceOptions } from './arcface.js';
export { CombinedMargin, type CombinedMarginOptions } from './combined-margin.js';
export { CosFace, type CosFaceOptions } from './cosface.js';
export { type LinearRamp, linearRamp } from './linear-ramp.js';
export type { LabelMarginLoss, Labels, MarginLoss, MarginLossOptions, MarginTarget } from './margin-loss.js';
export { NormalizedSoftmax } from './normalized-softmax.js';
