import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { repositoryFile } from '../measure/repository-file.js';
import { mean, pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { type Timing, timeContenders } from '../measure/time-contenders.js';
import { trainingLosses } from '../measure/training-losses.js';
import { type Workload, workloadArguments } from '../step/workload.js';

/** What is compared, float32 first: products, and how activations wait for the backward pass. */
const MODES = {
  highest: { matmul: 'highest', activations: 'float32' },
  medium: { matmul: 'medium', activations: 'float32' },
  mixed: { matmul: 'medium', activations: 'bfloat16' },
} as const;
type Mode = keyof typeof MODES;
const NAMES = Object.keys(MODES) as Mode[];
type Lower = Exclude<Mode, 'highest'>;
/** Those below float32. */
export const LOWER = NAMES.filter((mode): mode is Lower => mode !== 'highest');

/** A training ends with the mean loss of so many of its steps. */
export const LAST_STEPS = 50;

/** What it is told. */
export interface PrecisionOptions {
  backends: string[];
  /** Of the trainings. */
  steps: number;
  /** Trainings of each; their differences from float32 are as much of chance as of precision. */
  seeds: number;
  set?: string[];
}

interface PrecisionContender extends ContenderSpec {
  backend: string;
  mode: Mode;
}

/** A training step in one mode. */
export interface PrecisionStep extends Timing {
  backend: string;
  mode: Mode;
  /** What convolutions did. */
  convolutions: string;
  imagesPerSecond: Summary;
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

/** What `bench precision` writes. */
export interface PrecisionReport {
  benchmark: 'precision';
  date: string;
  machine: Machine;
  workload: Workload;
  pace: Pace;
  contenders: PrecisionStep[];
  /** Images/s over those of highest in the same rounds, by backend. */
  ratios: Record<string, Partial<Record<Lower, Summary>>>;
  steps: number;
  settings: string[];
  trainings: PrecisionTraining[];
  /** Why who is not there, by id. */
  absent: Record<string, string>;
}

/** The process of a training step in each mode. */
export function precisionContenders(backends: readonly string[], workload: Workload): PrecisionContender[] {
  return backends.flatMap((backend) =>
    NAMES.map((mode) => ({
      id: `${backend}-${mode}`,
      label: `${backend}, ${mode}`,
      backend,
      mode,
      command: process.execPath,
      args: [
        fileURLToPath(new URL('train-on-demand.js', import.meta.url)),
        ...workloadArguments(workload),
        ...['--backend', backend, '--replicas', '1', '--kernels', 'ours'],
        ...['--precision', MODES[mode].matmul, '--activations', MODES[mode].activations],
      ],
    })),
  );
}

/** Times steps in turns, then trains from each seed in each mode. */
export async function runPrecision(
  { backends, steps, seeds, set = [] }: PrecisionOptions,
  workload: Workload,
  pace: Pace,
  say: (message: string) => void = () => undefined,
  specs: readonly PrecisionContender[] = precisionContenders(backends, workload),
): Promise<PrecisionReport> {
  const { timed, absent } = await timeContenders(specs, pace, say);
  const contenders = timed.map(
    ({ spec, description, timing }): PrecisionStep => ({
      ...timing,
      backend: spec.backend,
      mode: spec.mode,
      convolutions: String(description['convolutions'] ?? ''),
      imagesPerSecond: summarize(timing.stepMilliseconds.turns.map((ms) => (1000 * workload.batch) / ms)),
    }),
  );
  const trainings: PrecisionTraining[] = [];
  const runs = backends.flatMap((backend) => Array.from({ length: seeds }, (_, seed) => ({ backend, seed })));
  for (const { backend, seed } of steps > 0 ? runs : []) {
    const losses: Partial<Record<Mode, number>> = {};
    for (const mode of NAMES) {
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
    benchmark: 'precision',
    date: new Date().toISOString(),
    machine: describeMachine(),
    workload,
    pace,
    contenders,
    ratios: ratiosOf(contenders),
    steps,
    settings: set,
    trainings,
    absent,
  };
}

function ratiosOf(contenders: readonly PrecisionStep[]): PrecisionReport['ratios'] {
  const of = (backend: string, wanted: Mode) =>
    contenders.find((one) => one.backend === backend && one.mode === wanted)?.stepMilliseconds.turns;
  const ratios: PrecisionReport['ratios'] = {};
  for (const backend of new Set(contenders.map((one) => one.backend))) {
    for (const mode of LOWER) {
      const [plain, low] = [of(backend, 'highest'), of(backend, mode)];
      if (plain && low) ratios[backend] = { ...ratios[backend], [mode]: pairedRatio(plain, low) };
    }
  }
  return ratios;
}
