import { AbsentError, Contender } from '../contender/contender.js';
import type { MemoryFigures } from '../contender/protocol.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import type { StepContender } from '../step/contenders.js';
import type { Workload } from '../step/workload.js';

/** The memory of a contender over many steps. */
export interface MemorySeries {
  id: string;
  label: string;
  points: ({ step: number } & MemoryFigures)[];
  /** Whether the memory is flat; see {@link isFlat}. */
  flat: boolean;
}

/** The report of `bench memory`. */
export interface MemoryReport {
  benchmark: 'memory';
  date: string;
  machine: Machine;
  workload: Workload;
  steps: number;
  contenders: MemorySeries[];
  absent: Record<string, string>;
}

/** Steps before the first reading, in which caches and heaps fill and kernels are compiled. */
export const SETTLING_STEPS = 200;
/** Number of readings after the first. */
const READINGS = 4;
/** Allowed growth of the resident memory, which varies a little with the garbage collector. */
const TOLERANCE = 1.05;

/** Trains each contender for `steps` steps, one contender after the other, and reads its memory at regular intervals. */
export async function runMemory(
  specs: readonly StepContender[],
  workload: Workload,
  steps: number,
  log: (message: string) => void = () => undefined,
): Promise<MemoryReport> {
  const contenders: MemorySeries[] = [];
  const absent: Record<string, string> = {};
  for (const spec of specs) {
    try {
      contenders.push(await measureSeries(spec, steps, log));
    } catch (error) {
      if (!(error instanceof AbsentError)) throw error;
      absent[spec.id] = error.message;
    }
  }
  return {
    benchmark: 'memory',
    date: new Date().toISOString(),
    machine: describeMachine(),
    workload,
    steps,
    contenders,
    absent,
  };
}

async function measureSeries(
  spec: StepContender,
  steps: number,
  log: (message: string) => void,
): Promise<MemorySeries> {
  const contender = await Contender.start(spec);
  const points: MemorySeries['points'] = [];
  let done = 0;
  try {
    for (let reading = 0; reading <= READINGS; reading++) {
      const until = SETTLING_STEPS + Math.round(((steps - SETTLING_STEPS) * reading) / READINGS);
      await contender.steps(until - done);
      done = until;
      log(`${spec.label}: ${done} of ${steps} steps`);
      points.push({ step: done, ...(await contender.memory()) });
    }
  } finally {
    await contender.close();
  }
  return { id: spec.id, label: spec.label, points, flat: isFlat(points) };
}

/**
 * Whether the tensors, their bytes and the WebAssembly heap are the same at the last point as at the first, and the resident
 * memory has grown by at most 5 %.
 */
export function isFlat(points: MemorySeries['points']): boolean {
  const [first, last] = [points[0], points[points.length - 1]];
  const same = (['tensors', 'tensorBytes', 'wasmHeap'] as const).every((key) => last[key] === first[key]);
  return same && (last.rss ?? 0) <= TOLERANCE * (first.rss ?? 0);
}
