export { documentBase } from './document-base.js';
export { documentSmall } from './document-small.js';
export { documentSmallThresholds, type MeasuredThresholds } from './document-small-thresholds.js';
