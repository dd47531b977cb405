import { describeMachine, type Machine } from '../measure/machine.js';
import { measureLosses } from '../measure/measure-losses.js';
import { resolveRepositoryFile } from '../measure/repository-file.js';
import { mean } from '../measure/statistics.js';
import { LOWER, type Lower, MODE_NAMES, MODES, type Mode } from './modes.js';

/** Number of last steps whose mean loss is the final loss of a training. */
export const LAST_STEPS = 50;

/** Options of {@link runPrecisionLosses}. */
export interface PrecisionLossesOptions {
  backends: string[];
  steps: number;
  /** Number of trainings in each mode. Several are needed because chance contributes as much to the differences as precision. */
  seeds: number;
  /** Settings as for `unitsphere train --set`. */
  set?: string[];
}

/** Trainings with one seed that differ only in precision. */
export interface PrecisionTraining {
  backend: string;
  seed: number;
  /** Final loss in each mode. */
  losses: Partial<Record<Mode, number>> & { highest: number };
  /** Final loss in each mode over that of `highest`, minus 1. */
  differences: Partial<Record<Lower, number>>;
}

/** The report of `bench precision-losses`. */
export interface PrecisionLossesReport {
  benchmark: 'precision-losses';
  date: string;
  machine: Machine;
  steps: number;
  settings: string[];
  trainings: PrecisionTraining[];
  /** Reason why a backend is absent, by backend and mode. */
  absent: Record<string, string>;
}

/** Trains on each backend with each seed in each mode. */
export async function runPrecisionLosses(
  { backends, steps, seeds, set = [] }: PrecisionLossesOptions,
  log: (message: string) => void = () => undefined,
): Promise<PrecisionLossesReport> {
  const trainings: PrecisionTraining[] = [];
  const absent: Record<string, string> = {};
  const runs = backends.flatMap((backend) => Array.from({ length: seeds }, (_, seed) => ({ backend, seed })));
  for (const { backend, seed } of runs) {
    const losses: Partial<Record<Mode, number>> = {};
    for (const mode of MODE_NAMES) {
      log(`training of ${steps} steps: ${backend}, ${mode}, seed ${seed}`);
      // The config's warm-up could exceed these few steps, so it is set to half of them. `set` can override it.
      const length = [`training.steps=${steps}`, `loss.warmup.fraction=0.5`];
      const precision = Object.entries(MODES[mode]).map(([key, value]) => `precision.${key}=${value}`);
      const settings = [...length, ...set, `seed=${seed}`, ...precision];
      const args = [resolveRepositoryFile('configs/documents.yaml')];
      const outcome = await measureLosses({ backend, args, settings, steps });
      if (typeof outcome === 'string') absent[`${backend}-${mode}`] = outcome;
      else losses[mode] = mean(outcome.slice(-LAST_STEPS));
    }
    const { highest } = losses;
    if (highest === undefined) continue;
    const differences: PrecisionTraining['differences'] = {};
    for (const mode of LOWER) {
      if (losses[mode] !== undefined) differences[mode] = losses[mode] / highest - 1;
    }
    trainings.push({ backend, seed, losses: { ...losses, highest }, differences });
  }
  return {
    benchmark: 'precision-losses',
    date: new Date().toISOString(),
    machine: describeMachine(),
    steps,
    settings: set,
    trainings,
    absent,
  };
}
