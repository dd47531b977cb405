import { layerIds } from '@unitsphere/backbones';
import type { EmbeddingModel } from '@unitsphere/embedder';
import {
  AdamW,
  constantSchedule,
  cosineSchedule,
  type OptimizedParameter,
  type ParameterGroup,
  polynomialSchedule,
  SGD,
} from '@unitsphere/optimizers';
import type { OptimizerConfig, ScheduleConfig } from '../config/config.js';
import type { Frozen } from '../model/frozen.js';

/** An optimizer of the model's parameters. */
export type Optimizer = AdamW | SGD;

/**
 * Creates the optimizer of a config over the model's trained parameters, in order. The class centers have their own optimizer.
 * With layer decay (BEiT; timm's `layer_decay`), each layer of the backbone has the learning rate of the next one times the
 * decay; neck and head have the full rate.
 * @param extra Parameters trained in addition to the model's, appended in order.
 */
export function createOptimizer(
  config: OptimizerConfig,
  { backbone }: Pick<EmbeddingModel, 'backbone'>,
  frozen: Frozen,
  extra: readonly OptimizedParameter[] = [],
): Optimizer {
  const ids = layerIds(backbone);
  const count = Math.max(...ids.values()) + 1;
  const groups: ParameterGroup[] = frozen.trained().map(([name, parameter]) => {
    const id = ids.get(name.replace(/^backbone\./, '')) ?? count;
    return { parameters: [parameter], lrScale: config.layerDecay ** (count - id) };
  });
  if (extra.length > 0) groups.push({ parameters: [...extra], lrScale: 1 });
  return config.name === 'adamw' ? new AdamW(groups, config) : new SGD(groups, config);
}

/** Returns the factor on the learning rate at each step; steps count from 0. */
export function createSchedule(config: ScheduleConfig, totalSteps: number): (step: number) => number {
  const warmupSteps = Math.round(config.warmup * totalSteps);
  if (config.name === 'polynomial')
    return polynomialSchedule({ totalSteps, warmupSteps, power: config.power });
  if (config.name === 'cosine') return cosineSchedule({ totalSteps, warmupSteps });
  return constantSchedule({ warmupSteps });
}
