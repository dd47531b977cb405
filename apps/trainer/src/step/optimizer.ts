import { layerIds } from '@unitsphere/backbones';
import type { Parameter } from '@unitsphere/core';
import { AdamW, constantSchedule, cosineSchedule, polynomialSchedule, SGD } from '@unitsphere/optimizers';
import type { OptimizerConfig, ScheduleConfig } from '../config/config.js';
import type { EmbeddingModel } from '../model/embedding-model.js';
import type { Frozen } from '../model/frozen.js';

/** Either optimizer. */
export type Optimizer = AdamW | SGD;

/**
 * The optimizer of a config over what of the model is trained, in order; the class centers have their own. With layer decay a
 * layer of the backbone has the rate of the one behind it times the decay; neck and head have the whole.
 * @param beside What is trained beside the model, last in order.
 */
export function createOptimizer(
  config: OptimizerConfig,
  { backbone }: Pick<EmbeddingModel, 'backbone'>,
  frozen: Frozen,
  beside: readonly Parameter[] = [],
): Optimizer {
  const ids = layerIds(backbone);
  const count = Math.max(...ids.values()) + 1;
  const groups = frozen.trained().map(([name, parameter]) => {
    const id = ids.get(name.replace(/^backbone\./, '')) ?? count;
    return { parameters: [parameter], lrScale: config.layerDecay ** (count - id) };
  });
  if (beside.length > 0) groups.push({ parameters: [...beside], lrScale: 1 });
  return config.name === 'adamw' ? new AdamW(groups, config) : new SGD(groups, config);
}

/** The factor on the learning rate at each step, counted from 0. */
export function createSchedule(config: ScheduleConfig, totalSteps: number): (step: number) => number {
  const warmupSteps = Math.round(config.warmup * totalSteps);
  if (config.name === 'polynomial')
    return polynomialSchedule({ totalSteps, warmupSteps, power: config.power });
  if (config.name === 'cosine') return cosineSchedule({ totalSteps, warmupSteps });
  return constantSchedule({ warmupSteps });
}
