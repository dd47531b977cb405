import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** A simulated failure of a call that changes the disk. */
export type Fault =
  /** The program ends. A write writes half of its bytes, and no later call has an effect. */
  | 'crash'
  /** The disk is full. A write writes half of its bytes and fails, and so does every later write. */
  | 'full';

const CHANGING = ['writeSync', 'fsyncSync', 'ftruncateSync', 'renameSync', 'rmSync'] as const;

/**
 * Runs `fn` with a fault at the call with index `at`, from 0, of those that change the disk.
 * @returns The number of such calls.
 */
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

/** The error that a simulated crash throws. */
export class Crash extends Error {}
