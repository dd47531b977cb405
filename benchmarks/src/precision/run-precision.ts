import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { type Timing, timeContenders } from '../measure/time-contenders.js';
import { type Workload, workloadArguments } from '../step/workload.js';
import { LOWER, type Lower, MODE_NAMES, MODES, type Mode } from './modes.js';

/** Memory is that of batches so many times as large, where activations are most of it. */
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
  /** What convolutions did. */
  convolutions: string;
  imagesPerSecond: Summary;
}

/** What a step in a mode takes of memory. */
export interface PrecisionMemory extends Pick<Timing, 'id' | 'label' | 'footprint' | 'memory'> {
  backend: string;
  mode: Mode;
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
  /** With larger batches, so many images each. */
  memoryBatch: number;
  memory: PrecisionMemory[];
  /** Why who is not there, by id. */
  absent: Record<string, string>;
}

/** The process of a training step in each mode. */
export function precisionContenders(backends: readonly string[], workload: Workload): PrecisionContender[] {
  return backends.flatMap((backend) =>
    MODE_NAMES.map((mode) => ({
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

/** Times steps in turns, then looks at the memory of larger ones. */
export async function runPrecision(
  backends: readonly string[],
  workload: Workload,
  pace: Pace,
  say: (message: string) => void = () => undefined,
  contendersOf: typeof precisionContenders = precisionContenders,
): Promise<PrecisionReport> {
  const { timed, absent } = await timeContenders(contendersOf(backends, workload), pace, say);
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
  // One at a time: together they would not fit on a small machine.
  for (const spec of contendersOf(backends, { ...workload, batch: memoryBatch })) {
    const { timed } = await timeContenders([spec], MEMORY_PACE, say);
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
    ratios: ratiosOf(contenders),
    memoryBatch,
    memory,
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
