import { FAILED, FINISHED, RUN, waitFor, wake } from './control.js';

/** A kernel and its arguments. */
export type Call = readonly [kernel: string, ...values: number[]];

/**
 * Stages that run one after another. Each has parts that threads compute at the same time, in any order; a part is a list of
 * calls.
 */
export type Stages = readonly (readonly (readonly Call[])[])[];

/** A program with its kernels, for one thread. */
export interface BoundProgram {
  stages: readonly {
    /** Number of parts of the stages before. */
    before: number;
    parts: readonly (() => void)[];
  }[];
  /** Number of all parts. */
  count: number;
  /** The last run in which a thread began a part, part by part: int32 in shared memory. */
  claims: Int32Array;
}

export type KernelFunctions = Readonly<Record<string, (...values: number[]) => number>>;

/** Binds the calls of a program to kernels. */
export function bindProgram(stages: Stages, kernels: KernelFunctions, claims: Int32Array): BoundProgram {
  let count = 0;
  const bound = stages.map((parts) => {
    const before = count;
    count += parts.length;
    return { before, parts: parts.map((calls) => bindPart(calls, kernels)) };
  });
  return { stages: bound, count, claims };
}

function bindPart(calls: readonly Call[], kernels: KernelFunctions): () => void {
  const bound = calls.map(([name, ...values]) => ({ kernel: kernels[name], values }));
  return () => {
    for (const { kernel, values } of bound) kernel(...values);
  };
}

/**
 * Computes parts that no other thread has begun, this thread's own first: a thread that starts late, or that loses its processor
 * between two parts, delays nobody. Every part of a run is begun once. Returns when no part is left to begin.
 * @param patience Milliseconds to wait for the other threads without a part being finished.
 * @returns Whether the run goes on; false if another thread failed or the patience ended.
 */
export function runParts(
  { stages, claims }: BoundProgram,
  control: Int32Array,
  run: number,
  thread: number,
  patience?: number,
): boolean {
  for (const { before, parts } of stages) {
    if (!waitForParts(control, run, before, patience)) return false;
    for (let turn = 0; turn < parts.length; turn++) {
      const part = (thread + turn) % parts.length;
      if (!claim(claims, before + part, run)) continue;
      parts[part]();
      Atomics.add(control, FINISHED, 1);
      wake(control, FINISHED);
    }
  }
  return true;
}

/** Waits until parts of a run are finished, or the run is over. @returns As `runParts`. */
export function waitForParts(control: Int32Array, run: number, count: number, patience?: number): boolean {
  const isOver = () =>
    Atomics.load(control, FINISHED) >= count ||
    Atomics.load(control, RUN) !== run ||
    Atomics.load(control, FAILED) !== 0;
  return waitFor(control, FINISHED, isOver, patience) && Atomics.load(control, FAILED) === 0;
}

/** Claims a part of a run. A thread that is still at an earlier run finds all its parts claimed. */
function claim(claims: Int32Array, part: number, run: number): boolean {
  const last = Atomics.load(claims, part);
  // Numbers of runs wrap around.
  return ((last - run) | 0) < 0 && Atomics.compareExchange(claims, part, last, run) === last;
}
