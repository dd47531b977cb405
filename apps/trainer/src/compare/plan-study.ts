import type { Config } from '../config/config.js';
import { absolutePaths } from '../config/load-config.js';
import type { Override } from '../config/overrides.js';
import { parseConfig } from '../config/parse-config.js';
import { combinations, type Study } from './load-study.js';
import { checkLocalWeights, withLocalWeights } from './local-weights.js';

/** Which budget a comparison is under. */
export type BudgetKind = 'steps' | 'seconds';

/** One arm with one seed, on one set of images and under one budget: a search, where there is one, and a training. */
export interface Replicate {
  /** Of its folder: `documents/steps/layernorm/seed-0`; parts that the study has one of are left out. */
  id: string;
  data: string;
  budget: BudgetKind;
  arm: string;
  seed: number;
  /** Settings that the search may choose from; one without any where there is no search. */
  candidates: Record<string, unknown>[];
  /** The config with settings over the arm's own, trained for so many steps in so many points. */
  config(settings: Record<string, unknown>, steps: number, kind: 'candidate' | 'training'): Config;
}

/** Enough steps for any setting that depends on them, where how many there will be is not known yet. */
export const MANY_STEPS = 1_000_000;

/** The name of the only set of images of a study that names none. */
export const ONLY_DATA = 'data';

/**
 * All replicates of a study: seeds outermost, so that an unfinished study has all arms alike.
 * @throws UserError for a setting that makes no config, wherever in the study it stands.
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
            candidates: study.search ? combinations(arm.grid ?? study.search.grid) : [],
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
  // A mistake in the last arm should not be found out after the first was trained.
  const configs = replicates.flatMap(({ candidates, budget, config }) => {
    const searched = candidates.length * (study.search?.steps ?? 0);
    const steps = budget === 'steps' ? study.budget.steps! - searched : MANY_STEPS;
    return [
      ...candidates.map((settings) => config(settings, study.search!.steps, 'candidate')),
      config(candidates[0] ?? {}, steps, 'training'),
    ];
  });
  checkLocalWeights(study.weights, configs);
  return replicates;
}

function configOf(
  { baseText, basePath, weights }: Study,
  seed: number,
  kind: 'candidate' | 'training',
  overrides: Override[],
): Config {
  const written = parseConfig(baseText, { file: basePath, overrides });
  const config = absolutePaths(withLocalWeights(written, weights));
  return {
    ...config,
    seed,
    training: {
      ...config.training,
      // Runs beside each other fill the cores.
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
