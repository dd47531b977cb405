import type { Parameter } from '@unitsphere/core';
import { AdamW, constantSchedule, cosineSchedule, polynomialSchedule, SGD } from '@unitsphere/optimizers';
import type { OptimizerConfig, ScheduleConfig } from '../config/config.js';

/** Either optimizer. */
export type Optimizer = AdamW | SGD;

/** The optimizer of a config over the model's parameters; the class centres have their own. */
export function createOptimizer(config: OptimizerConfig, model: Parameter[]): Optimizer {
  return config.name === 'adamw' ? new AdamW(model, config) : new SGD(model, config);
}

/** The factor on the learning rate at each step, counted from 0. */
export function createSchedule(config: ScheduleConfig, totalSteps: number): (step: number) => number {
  const warmupSteps = Math.round(config.warmup * totalSteps);
  if (config.name === 'polynomial')
    return polynomialSchedule({ totalSteps, warmupSteps, power: config.power });
  if (config.name === 'cosine') return cosineSchedule({ totalSteps, warmupSteps });
  return constantSchedule({ warmupSteps });
}
