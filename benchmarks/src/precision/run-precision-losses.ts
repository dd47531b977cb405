import { describeMachine, type Machine } from '../measure/machine.js';
import { repositoryFile } from '../measure/repository-file.js';
import { mean } from '../measure/statistics.js';
import { trainingLosses } from '../measure/training-losses.js';
import { LOWER, type Lower, MODE_NAMES, MODES, type Mode } from './modes.js';

/** A training ends with the mean loss of so many of its steps. */
export const LAST_STEPS = 50;

/** What it is told. */
export interface PrecisionLossesOptions {
  backends: string[];
  steps: number;
  /** Trainings of each; their differences from float32 are as much of chance as of precision. */
  seeds: number;
  set?: string[];
}

/** Trainings of one seed, which differ in precision alone. */
export interface PrecisionTraining {
  backend: string;
  seed: number;
  /** The mean loss of the last steps. */
  losses: Partial<Record<Mode, number>> & { highest: number };
  /** Each over highest's, less 1. */
  differences: Partial<Record<Lower, number>>;
}

/** What `bench precision-losses` writes. */
export interface PrecisionLossesReport {
  benchmark: 'precision-losses';
  date: string;
  machine: Machine;
  steps: number;
  settings: string[];
  trainings: PrecisionTraining[];
  /** Why who is not there, by id. */
  absent: Record<string, string>;
}

/** Trains from each seed in each mode. */
export async function runPrecisionLosses(
  { backends, steps, seeds, set = [] }: PrecisionLossesOptions,
  say: (message: string) => void = () => undefined,
): Promise<PrecisionLossesReport> {
  const trainings: PrecisionTraining[] = [];
  const absent: Record<string, string> = {};
  const runs = backends.flatMap((backend) => Array.from({ length: seeds }, (_, seed) => ({ backend, seed })));
  for (const { backend, seed } of runs) {
    const losses: Partial<Record<Mode, number>> = {};
    for (const mode of MODE_NAMES) {
      say(`training of ${steps} steps: ${backend}, ${mode}, seed ${seed}`);
      // The config's warm-up is as long as all of these steps may be: half of them, unless told otherwise.
      const length = [`training.steps=${steps}`, `loss.warmup.steps=${Math.ceil(steps / 2)}`];
      const precision = Object.entries(MODES[mode]).map(([key, value]) => `precision.${key}=${value}`);
      const settings = [...length, ...set, `seed=${seed}`, ...precision];
      const args = [repositoryFile('configs/documents.yaml')];
      const outcome = await trainingLosses({ backend, args, settings, steps });
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
