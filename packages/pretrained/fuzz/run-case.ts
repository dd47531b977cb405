import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { checkResult, type FuzzFormat } from './formats.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Outcome of reading one input. */
export interface CaseResult {
  outcome: 'read' | 'refused' | 'failed';
  milliseconds: number;
  /** Bytes allocated for array buffers, and for objects. A garbage collection during the read makes them smaller. */
  buffers: number;
  heap: number;
  /** What is wrong, if it failed. */
  problem?: string;
}

/** Limits for one input. */
export const LIMITS = {
  /** Much more than a valid file takes, and much less than a hang. */
  milliseconds: 2000,
  /** Array buffers: twice the limit of the result, as the check copies it, plus a constant. */
  buffers: (fileBytes: number, { heldPerByte }: FuzzFormat) =>
    (2 * heldPerByte + 4) * fileBytes + 32 * 2 ** 10,
  /** Objects: the limit per byte of the file, plus allocations of the engine. */
  heap: (fileBytes: number, { objectsPerByte }: FuzzFormat) => objectsPerByte * fileBytes + 2 * 2 ** 20,
};

// The engine may compile at any time. Only allocations that occur in each attempt are the reader's.
const ATTEMPTS = 4;

/** Reads an input and checks that it ends in a valid result or in the reader's own error, within the limits. */
export function runCase(format: FuzzFormat, bytes: Uint8Array): CaseResult {
  let result = attempt(format, bytes);
  for (let again = 1; again < ATTEMPTS && findMemoryProblem(format, bytes, result); again++) {
    collect();
    const { milliseconds, ...next } = attempt(format, bytes);
    result = {
      ...next,
      milliseconds: Math.max(milliseconds, result.milliseconds),
      buffers: Math.min(next.buffers, result.buffers),
      heap: Math.min(next.heap, result.heap),
    };
  }
  const problem =
    result.problem ??
    (result.milliseconds > LIMITS.milliseconds ? `took ${result.milliseconds.toFixed(0)} ms` : undefined) ??
    findMemoryProblem(format, bytes, result);
  return { ...result, outcome: problem ? 'failed' : result.outcome, problem };
}

function attempt({ read, error, heldPerByte }: FuzzFormat, bytes: Uint8Array): CaseResult {
  const before = process.memoryUsage();
  const startedAt = performance.now();
  let outcome: CaseResult['outcome'] = 'read';
  let problem: string | undefined;
  try {
    checkResult(read(bytes), heldPerByte * bytes.length);
  } catch (thrown) {
    const isRefused =
      thrown instanceof error && thrown.message.length > 10 && thrown.message.length < 4000 + bytes.length;
    outcome = isRefused ? 'refused' : 'failed';
    if (!isRefused) problem = String((thrown as Error)?.stack ?? thrown);
  }
  const milliseconds = performance.now() - startedAt;
  const after = process.memoryUsage();
  return {
    outcome,
    milliseconds,
    buffers: after.arrayBuffers - before.arrayBuffers,
    heap: after.heapUsed - before.heapUsed,
    problem,
  };
}

function findMemoryProblem(
  format: FuzzFormat,
  { length }: Uint8Array,
  { buffers, heap }: CaseResult,
): string | undefined {
  if (buffers > LIMITS.buffers(length, format))
    return `allocated ${buffers} bytes of buffers for a file of ${length}`;
  if (heap > LIMITS.heap(length, format)) return `allocated ${heap} bytes of objects for a file of ${length}`;
  return undefined;
}
