export { AdaFace, type AdaFaceOptions } from './adaface.js';
export { ArcFace, type ArcFaceOptions } from './arcface.js';
export { CombinedMargin, type CombinedMarginOptions } from './combined-margin.js';
export { CosFace, type CosFaceOptions } from './cosface.js';
export { CurricularFace, type CurricularFaceOptions } from './curricularface.js';
export { type LinearRamp, linearRamp } from './linear-ramp.js';
export type {
  LabelMarginLoss,
  Labels,
  MarginLoss,
  MarginLossOptions,
  MarginNegatives,
  MarginTarget,
} from './margin-loss.js';
export { NormalizedSoftmax } from './normalized-softmax.js';
export type {
  LabelBatch,
  RunningStatistics,
  SavedStatistics,
  StatisticsState,
} from './running-statistics.js';
export { SphereFace, type SphereFaceOptions } from './sphereface.js';
export {
  SubCenterArcFace,
  type SubCenterArcFaceOptions,
  type SubCenterOutliers,
} from './subcenter-arcface.js';
