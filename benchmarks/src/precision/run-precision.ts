import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { repositoryFile } from '../measure/repository-file.js';
import { mean, pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { type Timing, timeContenders } from '../measure/time-contenders.js';
import { trainingLosses } from '../measure/training-losses.js';
import { type Workload, workloadArguments } from '../step/workload.js';

/** What is compared: float32 first. */
const PRECISIONS = ['highest', 'medium'] as const;
type Precision = (typeof PRECISIONS)[number];

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
  precision: Precision;
}

/** A training step at one precision. */
export interface PrecisionStep extends Timing {
  backend: string;
  precision: Precision;
  /** What convolutions did. */
  convolutions: string;
  imagesPerSecond: Summary;
}

/** Two trainings of one seed, which differ in precision. */
export interface PrecisionTraining {
  backend: string;
  seed: number;
  /** The mean loss of the last steps. */
  losses: Record<Precision, number>;
  /** medium's over highest's, less 1. */
  difference: number;
}

/** What `bench precision` writes. */
export interface PrecisionReport {
  benchmark: 'precision';
  date: string;
  machine: Machine;
  workload: Workload;
  pace: Pace;
  contenders: PrecisionStep[];
  /** Images/s of medium over those of highest in the same rounds, by backend. */
  ratios: Record<string, Summary>;
  steps: number;
  settings: string[];
  trainings: PrecisionTraining[];
  /** Why who is not there, by id. */
  absent: Record<string, string>;
}

/** The process of a training step at a precision. */
export function precisionContenders(backends: readonly string[], workload: Workload): PrecisionContender[] {
  return backends.flatMap((backend) =>
    PRECISIONS.map((precision) => ({
      id: `${backend}-${precision}`,
      label: `${backend}, ${precision}`,
      backend,
      precision,
      command: process.execPath,
      args: [
        fileURLToPath(new URL('train-on-demand.js', import.meta.url)),
        ...workloadArguments(workload),
        ...['--backend', backend, '--replicas', '1', '--kernels', 'ours', '--precision', precision],
      ],
    })),
  );
}

/** Times steps in turns, then trains from one seed at each precision. */
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
      precision: spec.precision,
      convolutions: String(description['convolutions'] ?? ''),
      imagesPerSecond: summarize(timing.stepMilliseconds.turns.map((ms) => (1000 * workload.batch) / ms)),
    }),
  );
  const trainings: PrecisionTraining[] = [];
  const runs = backends.flatMap((backend) => Array.from({ length: seeds }, (_, seed) => ({ backend, seed })));
  for (const { backend, seed } of steps > 0 ? runs : []) {
    const losses = {} as Record<Precision, number>;
    for (const precision of PRECISIONS) {
      say(`training of ${steps} steps: ${backend}, ${precision}, seed ${seed}`);
      // The config's warm-up is as long as all of these steps may be: half of them, unless told otherwise.
      const length = [`training.steps=${steps}`, `loss.warmup.steps=${Math.ceil(steps / 2)}`];
      const settings = [...length, ...set, `seed=${seed}`, `precision.matmul=${precision}`];
      const args = [repositoryFile('configs/documents.yaml')];
      const outcome = await trainingLosses({ backend, args, settings, steps });
      if (typeof outcome === 'string') absent[`${backend}-${precision}`] = outcome;
      else losses[precision] = mean(outcome.slice(-LAST_STEPS));
    }
    const { highest, medium } = losses;
    if (highest !== undefined && medium !== undefined) {
      trainings.push({ backend, seed, losses, difference: medium / highest - 1 });
    }
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

function ratiosOf(contenders: readonly PrecisionStep[]): Record<string, Summary> {
  const of = (backend: string, wanted: Precision) =>
    contenders.find((one) => one.backend === backend && one.precision === wanted)?.stepMilliseconds.turns;
  const ratios: Record<string, Summary> = {};
  for (const backend of new Set(contenders.map((one) => one.backend))) {
    const [plain, low] = [of(backend, 'highest'), of(backend, 'medium')];
    if (plain && low) ratios[backend] = pairedRatio(plain, low);
  }
  return ratios;
}
