import { checkResult, type FuzzFormat } from './formats.js';

/** How a reader took an input. */
export interface CaseResult {
  outcome: 'read' | 'refused' | 'failed';
  milliseconds: number;
  /** Bytes that array buffers and the heap grew by; a collection in between makes it less. */
  grown: number;
  /** What is wrong, when it failed. */
  problem?: string;
}

/** What an input may take: far more than any honest one, far less than a hang or a claimed length. */
export const LIMITS = {
  milliseconds: 2000,
  grown: (fileBytes: number) => 300 * fileBytes + 32 * 2 ** 20,
};

/** Reads an input and judges how it ended: in a sound result, or in the reader's own error. */
export function runCase({ read, error }: FuzzFormat, bytes: Uint8Array): CaseResult {
  const before = memory();
  const startedAt = performance.now();
  let outcome: CaseResult['outcome'] = 'read';
  let problem: string | undefined;
  try {
    checkResult(read(bytes), bytes.length);
  } catch (thrown) {
    const known =
      thrown instanceof error && thrown.message.length > 10 && thrown.message.length < 4000 + bytes.length;
    outcome = known ? 'refused' : 'failed';
    if (!known) problem = String((thrown as Error)?.stack ?? thrown);
  }
  const milliseconds = performance.now() - startedAt;
  const grown = memory() - before;
  if (milliseconds > LIMITS.milliseconds) problem ??= `took ${milliseconds.toFixed(0)} ms`;
  if (grown > LIMITS.grown(bytes.length)) problem ??= `took ${grown} bytes for a file of ${bytes.length}`;
  return { outcome: problem ? 'failed' : outcome, milliseconds, grown, problem };
}

function memory(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
