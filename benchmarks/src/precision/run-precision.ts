import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { type Timing, timeContenders } from '../measure/time-contenders.js';
import { formatWorkloadArguments, type Workload } from '../step/workload.js';
import { LOWER, type Lower, MODE_NAMES, MODES, type Mode } from './modes.js';

/** Factor by which the batch is larger for the memory measurement, so that activations dominate the memory. */
const MEMORY_BATCHES = 4;
const MEMORY_PACE: Pace = { rounds: 1, turnSeconds: 0.1, warmUpSteps: 3, slowRounds: 1 };

interface PrecisionContender extends ContenderSpec {
  backend: string;
  mode: Mode;
}

/** A training step in one mode. */
export interface PrecisionStep extends Timing {
  backend: string;
  mode: Mode;
  /** Actual precision of the convolutions. */
  convolutions: string;
  imagesPerSecond: Summary;
}

/** Memory of a training step in one mode. */
export interface PrecisionMemory extends Pick<Timing, 'id' | 'label' | 'footprint' | 'memory'> {
  backend: string;
  mode: Mode;
}

/** The report of `bench precision`. */
export interface PrecisionReport {
  benchmark: 'precision';
  date: string;
  machine: Machine;
  workload: Workload;
  pace: Pace;
  contenders: PrecisionStep[];
  /** Images/s in each mode over those of `highest` in the same rounds, by backend. */
  ratios: Record<string, Partial<Record<Lower, Summary>>>;
  /** Batch size of the memory measurement. */
  memoryBatch: number;
  memory: PrecisionMemory[];
  /** Reason why a contender is absent, by its id. */
  absent: Record<string, string>;
}

/** Returns a contender for each backend and mode. */
export function createPrecisionContenders(
  backends: readonly string[],
  workload: Workload,
): PrecisionContender[] {
  return backends.flatMap((backend) =>
    MODE_NAMES.map((mode) => ({
      id: `${backend}-${mode}`,
      label: `${backend}, ${mode}`,
      backend,
      mode,
      command: process.execPath,
      args: [
        fileURLToPath(new URL('train-on-demand.js', import.meta.url)),
        ...formatWorkloadArguments(workload),
        ...['--backend', backend, '--replicas', '1', '--kernels', 'ours'],
        ...['--precision', MODES[mode].matmul, '--activations', MODES[mode].activations],
      ],
    })),
  );
}

/** Times the steps in turns, then measures the memory with a larger batch. */
export async function runPrecision(
  backends: readonly string[],
  workload: Workload,
  pace: Pace,
  log: (message: string) => void = () => undefined,
  createContenders: typeof createPrecisionContenders = createPrecisionContenders,
): Promise<PrecisionReport> {
  const { timed, absent } = await timeContenders(createContenders(backends, workload), pace, log);
  const contenders = timed.map(
    ({ spec, description, timing }): PrecisionStep => ({
      ...timing,
      backend: spec.backend,
      mode: spec.mode,
      convolutions: String(description['convolutions'] ?? ''),
      imagesPerSecond: summarize(timing.stepMilliseconds.turns.map((ms) => (1000 * workload.batch) / ms)),
    }),
  );
  const memoryBatch = MEMORY_BATCHES * workload.batch;
  const memory: PrecisionMemory[] = [];
  // One at a time, because together they would not fit into the memory of a small machine.
  for (const spec of createContenders(backends, { ...workload, batch: memoryBatch })) {
    const { timed } = await timeContenders([spec], MEMORY_PACE, log);
    for (const { timing } of timed) {
      const { id, label, footprint, memory: figures } = timing;
      memory.push({ id, label, footprint, memory: figures, backend: spec.backend, mode: spec.mode });
    }
  }
  return {
    benchmark: 'precision',
    date: new Date().toISOString(),
    machine: describeMachine(),
    workload,
    pace,
    contenders,
    ratios: computeRatios(contenders),
    memoryBatch,
    memory,
    absent,
  };
}

function computeRatios(contenders: readonly PrecisionStep[]): PrecisionReport['ratios'] {
  const findTurns = (backend: string, wanted: Mode) =>
    contenders.find((one) => one.backend === backend && one.mode === wanted)?.stepMilliseconds.turns;
  const ratios: PrecisionReport['ratios'] = {};
  for (const backend of new Set(contenders.map((one) => one.backend))) {
    for (const mode of LOWER) {
      const [plain, low] = [findTurns(backend, 'highest'), findTurns(backend, mode)];
      if (plain && low) ratios[backend] = { ...ratios[backend], [mode]: pairedRatio(plain, low) };
    }
  }
  return ratios;
}
