import { type Config, parseConfig, parseOverride } from 'unitsphere/browser';
import type { TrainingRequest } from './training-request.js';

/** What a training will do, as its config says after all settings. */
export interface TrainingPlan {
  steps: number;
  batchSize: number;
  imageSize: number;
  /** Steps between validations; null for none. */
  validateEvery: number | null;
  /** Number of generated documents; undefined for pictures. */
  documents: number | undefined;
  /** What the time of a step depends on. Trainings with the same key take the same time a step. */
  speedKey: string;
}

/** Returns what a training will do. @throws UserError for a config that is not valid. */
export function planTraining({ yaml, settings }: Pick<TrainingRequest, 'yaml' | 'settings'>): TrainingPlan {
  return describePlan(parseConfig(yaml, { file: 'the config', overrides: settings.map(parseOverride) }));
}

/** Returns the complete config of a stored training, and what it does. */
export function planStored(yaml: string): { config: Config; plan: TrainingPlan } {
  const config = parseConfig(yaml, { file: 'the config' });
  return { config, plan: describePlan(config) };
}

/** Returns what a config does. */
export function describePlan({ backend, data, model, training }: Config): TrainingPlan {
  const { steps, batchSize, validateEvery } = training;
  const hasValidation = data.split.validation > 0;
  return {
    steps,
    batchSize,
    imageSize: data.imageSize,
    validateEvery: hasValidation ? (validateEvery ?? null) : null,
    documents: 'identities' in data ? data.identities : undefined,
    speedKey: JSON.stringify([backend, data.source, data.imageSize, batchSize, model]),
  };
}
