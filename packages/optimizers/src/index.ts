export { AdamW, type AdamWOptions } from './adamw.js';
export { clipScale, globalNorm, globalNormAsync } from './clip.js';
export { type AveragedVariable, Ema, type EmaOptions } from './ema.js';
export type { Optimizer, StepOptions } from './optimizer.js';
export type { OptimizedParameter, ParameterGroup } from './parameter.js';
export {
  constantSchedule,
  cosineSchedule,
  type PolynomialScheduleOptions,
  polynomialSchedule,
  type Schedule,
  type ScheduleOptions,
} from './schedules.js';
export { SGD, type SGDOptions } from './sgd.js';
export type { StateDict, StateTensor } from './state-dict.js';
