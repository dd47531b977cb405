import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What happens at one of a program's calls that change the disk. */
export type Fault =
  /** The program ends there: a write gets half of its bytes, and nothing later happens. */
  | 'crash'
  /** The disk is full: a write gets half of its bytes and fails, and so does every later one. */
  | 'full';

const CHANGING = ['writeSync', 'fsyncSync', 'ftruncateSync', 'renameSync', 'rmSync'] as const;

/** Runs fn with a fault at the n-th call that changes the disk, counted from 0. @returns How many calls there were. */
export async function withFault(fault: Fault, at: number, fn: () => Promise<void>): Promise<number> {
  const originals = CHANGING.map((name) => [name, fs[name]] as const);
  let calls = 0;
  for (const [name, original] of originals) {
    const faulty = (...args: unknown[]) => {
      const call = calls++;
      const grows = name === 'writeSync';
      if (call < at || (fault === 'full' && !grows))
        return (original as (...a: unknown[]) => unknown)(...args);
      if (call === at && grows) {
        const [fd, bytes, offset, length, position] = args as [number, Uint8Array, number, number, number];
        (original as typeof fs.writeSync)(fd, bytes, offset, length >> 1, position);
      }
      throw fault === 'full'
        ? Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
        : new Crash();
    };
    (fs as unknown as Record<string, unknown>)[name] = faulty;
  }
  syncBuiltinESMExports();
  try {
    await fn();
  } finally {
    for (const [name, original] of originals) (fs as unknown as Record<string, unknown>)[name] = original;
    syncBuiltinESMExports();
  }
  return calls;
}

/** The program would have ended here. */
export class Crash extends Error {}
