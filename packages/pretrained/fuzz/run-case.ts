import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { checkResult, type FuzzFormat } from './formats.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** How a reader took an input. */
export interface CaseResult {
  outcome: 'read' | 'refused' | 'failed';
  milliseconds: number;
  /** Bytes that were taken for array buffers, and for objects; a collection in between makes it less. */
  buffers: number;
  heap: number;
  /** What is wrong, when it failed. */
  problem?: string;
}

/** What an input may take. */
export const LIMITS = {
  /** Far more than any honest one, far less than a hang. */
  milliseconds: 2000,
  /** Array buffers: what the result may hold, twice (the reader's and a copy that the case makes to check it), and small change. */
  buffers: (fileBytes: number, { heldPerByte }: FuzzFormat) =>
    (2 * heldPerByte + 4) * fileBytes + 32 * 2 ** 10,
  /** Objects: what the file's bytes make, and what the engine takes for itself. */
  heap: (fileBytes: number, { objectsPerByte }: FuzzFormat) => objectsPerByte * fileBytes + 2 * 2 ** 20,
};

// The engine compiles when it likes: only what is taken every time, with nothing left to collect, is the reader's.
const ATTEMPTS = 4;

/** Reads an input and judges how it ended: in a sound result, or in the reader's own error. */
export function runCase(format: FuzzFormat, bytes: Uint8Array): CaseResult {
  let result = attempt(format, bytes);
  for (let again = 1; again < ATTEMPTS && memoryProblem(format, bytes, result); again++) {
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
    memoryProblem(format, bytes, result);
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
    const known =
      thrown instanceof error && thrown.message.length > 10 && thrown.message.length < 4000 + bytes.length;
    outcome = known ? 'refused' : 'failed';
    if (!known) problem = String((thrown as Error)?.stack ?? thrown);
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

function memoryProblem(
  format: FuzzFormat,
  { length }: Uint8Array,
  { buffers, heap }: CaseResult,
): string | undefined {
  if (buffers > LIMITS.buffers(length, format))
    return `took ${buffers} bytes of buffers for a file of ${length}`;
  if (heap > LIMITS.heap(length, format)) return `took ${heap} bytes of objects for a file of ${length}`;
  return undefined;
}
