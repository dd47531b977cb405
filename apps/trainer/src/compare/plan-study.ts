import type { Config } from '../config/config.js';
import { absolutePaths } from '../config/load-config.js';
import type { Override } from '../config/overrides.js';
import { parseConfig } from '../config/parse-config.js';
import { UserError } from '../user-error.js';
import { combineGrid, type Study } from './load-study.js';
import { checkLocalWeights, useLocalWeights } from './local-weights.js';

/** The kind of budget of a comparison. */
export type BudgetKind = 'steps' | 'seconds';

/** One arm with one seed, one set of images and one budget: an optional search and a training. */
export interface Replicate {
  /** Path of its folder, such as `documents/steps/layernorm/seed-0`. Images and budget are omitted if the study has only one. */
  id: string;
  data: string;
  budget: BudgetKind;
  arm: string;
  seed: number;
  /** Settings from which the search chooses; empty without a search. */
  candidates: Record<string, unknown>[];
  /** Returns the arm's config with further settings and the given number of steps. */
  config(settings: Record<string, unknown>, steps: number, kind: 'candidate' | 'training'): Config;
}

/** Stands for an unknown number of steps; large enough for every setting that depends on it. */
export const MANY_STEPS = 1_000_000;

/** Name of the images of a study without a `data` list. */
export const ONLY_DATA = 'data';

/**
 * Lists all replicates of a study. The seed varies slowest, so that an unfinished study has about as many runs of every arm.
 * @throws UserError for a setting of any arm that makes an invalid config.
 */
export function planStudy(study: Study): Replicate[] {
  const datasets = study.data ?? [{ name: ONLY_DATA, set: {} }];
  const budgets = (['steps', 'seconds'] as const).filter((kind) => study.budget[kind] !== undefined);
  const replicates: Replicate[] = [];
  for (let seed = 0; seed < study.seeds; seed++) {
    for (const data of datasets) {
      for (const budget of budgets) {
        for (const arm of study.arms) {
          const parts = [
            ...(study.data ? [data.name] : []),
            ...(budgets.length > 1 ? [budget] : []),
            arm.name,
            `seed-${seed}`,
          ];
          const overrides = [
            ...settingsOf(study.set, `${study.file}: set`),
            ...settingsOf(data.set, `${study.file}: data ${data.name}`),
            ...settingsOf(arm.set, `${study.file}: arm ${arm.name}`),
            ...study.overrides,
          ];
          replicates.push({
            id: parts.join('/'),
            data: data.name,
            budget,
            arm: arm.name,
            seed,
            candidates: study.search ? combineGrid(arm.grid ?? study.search.grid) : [],
            config: (settings, steps, kind) =>
              configOf(study, seed, kind, [
                ...overrides,
                ...settingsOf(settings, `${study.file}: search of ${arm.name}`),
                ...lengthOf(study, steps, kind),
              ]),
          });
        }
      }
    }
  }
  // Validate every config before the first training, so that an error in the last arm is reported at once.
  const { search, budget } = study;
  const configs = replicates.flatMap((replicate) => {
    const { candidates, config } = replicate;
    const total = replicate.budget === 'steps' ? budget.steps : undefined;
    const steps = total === undefined ? MANY_STEPS : total - candidates.length * (search?.steps ?? 0);
    return [
      ...(search ? candidates.map((settings) => config(settings, search.steps, 'candidate')) : []),
      config(candidates[0] ?? {}, steps, 'training'),
    ];
  });
  checkLocalWeights(study.weights, configs);
  if (configs.some(({ data }) => data.split.test === 0)) {
    throw new UserError(
      `${study.file}: data.split.test is 0, but a study compares figures on held-out identities`,
      {
        hint: 'Hold out identities, for example data.split: { train: 0.8, validation: 0.05, test: 0.15 }',
      },
    );
  }
  return replicates;
}

function configOf(
  { baseText, basePath, weights }: Study,
  seed: number,
  kind: 'candidate' | 'training',
  overrides: Override[],
): Config {
  const written = parseConfig(baseText, { file: basePath, overrides });
  const config = absolutePaths(useLocalWeights(written, weights));
  return {
    ...config,
    seed,
    // Concurrent runs already use all cores.
    data: { ...config.data, workers: config.data.workers === 'auto' ? 1 : config.data.workers },
    training: {
      ...config.training,
      replicas: config.training.replicas === 'auto' ? 1 : config.training.replicas,
      keepCheckpoints: 1,
      ...(kind === 'candidate' ? { checkpointEvery: null } : {}),
    },
  };
}

function lengthOf(study: Study, steps: number, kind: 'candidate' | 'training'): Override[] {
  const written = `${study.file}: ${kind === 'candidate' ? 'search' : 'budget'}`;
  const every = Math.ceil(steps / Math.max(1, study.curvePoints));
  const set = (key: string, value: unknown) => ({ path: ['training', key], value, written });
  return [
    set('steps', steps),
    ...(kind === 'candidate'
      ? [set('validateEvery', steps), set('testEvery', null)]
      : [set('validateEvery', null), set('testEvery', study.curvePoints > 0 ? every : null)]),
  ];
}

function settingsOf(settings: Record<string, unknown>, from: string): Override[] {
  return Object.entries(settings).map(([key, value]) => ({
    path: key.split('.'),
    value,
    written: `${from}: ${key}`,
  }));
}
