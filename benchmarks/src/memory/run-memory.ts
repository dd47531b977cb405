import { AbsentError, Contender } from '../contender/contender.js';
import type { MemoryFigures } from '../contender/protocol.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import type { StepContender } from '../step/contenders.js';
import type { Workload } from '../step/workload.js';

/** A contender's memory over many steps. */
export interface MemoryCourse {
  id: string;
  label: string;
  points: ({ step: number } & MemoryFigures)[];
  /** Whether tensors, their bytes and the WebAssembly heap are at the end what they were at the start, and resident memory within 5 %. */
  flat: boolean;
}

/** What `bench memory` writes. */
export interface MemoryReport {
  benchmark: 'memory';
  date: string;
  machine: Machine;
  workload: Workload;
  steps: number;
  contenders: MemoryCourse[];
  absent: Record<string, string>;
}

/** Steps before the first look: caches and heaps fill, kernels are compiled. */
export const SETTLING_STEPS = 200;
/** Looks after it. */
const LOOKS = 4;
/** Resident memory moves a little with the garbage collector. */
const TOLERANCE = 1.05;

/** Trains each for so many steps and looks at its memory on the way; one after the other. */
export async function runMemory(
  specs: readonly StepContender[],
  workload: Workload,
  steps: number,
  say: (message: string) => void = () => undefined,
): Promise<MemoryReport> {
  const contenders: MemoryCourse[] = [];
  const absent: Record<string, string> = {};
  for (const spec of specs) {
    try {
      contenders.push(await course(spec, steps, say));
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

async function course(
  spec: StepContender,
  steps: number,
  say: (message: string) => void,
): Promise<MemoryCourse> {
  const contender = await Contender.start(spec);
  const points: MemoryCourse['points'] = [];
  let done = 0;
  try {
    for (let look = 0; look <= LOOKS; look++) {
      const until = SETTLING_STEPS + Math.round(((steps - SETTLING_STEPS) * look) / LOOKS);
      await contender.steps(until - done);
      done = until;
      say(`${spec.label}: ${done} of ${steps} steps`);
      points.push({ step: done, ...(await contender.memory()) });
    }
  } finally {
    await contender.close();
  }
  return { id: spec.id, label: spec.label, points, flat: isFlat(points) };
}

/** Whether the last point is what the first was. */
export function isFlat(points: MemoryCourse['points']): boolean {
  const [first, last] = [points[0], points.at(-1)!];
  const same = (['tensors', 'tensorBytes', 'wasmHeap'] as const).every((key) => last[key] === first[key]);
  return same && (last.rss ?? 0) <= TOLERANCE * (first.rss ?? 0);
}
