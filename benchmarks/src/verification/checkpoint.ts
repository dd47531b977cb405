import { readFile } from 'node:fs/promises';
import { writeFileAtomicSync } from '@unitsphere/core/disk';

/** Time and memory used so far, over all processes that took part in the count. */
export interface Spent {
  seconds: number;
  processorSeconds: number;
  /** Peak resident memory in bytes. */
  peakRss: number;
}

/** Writes a checkpoint: `spent` as a line of JSON, and the state passed to `onCheckpoint` of `verifyAllPairs`. */
export function writeCheckpoint(path: string, state: Uint8Array, spent: Spent): void {
  writeFileAtomicSync(path, Buffer.concat([Buffer.from(`${JSON.stringify(spent)}\n`), state]));
}

/** Reads the checkpoint that `writeCheckpoint` wrote. Undefined if the file does not exist. */
export async function readCheckpoint(path: string): Promise<{ state: Uint8Array; spent: Spent } | undefined> {
  const bytes = await readFile(path).catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!bytes) return undefined;
  const end = bytes.indexOf('\n');
  const spent = JSON.parse(bytes.subarray(0, end).toString()) as Spent;
  return { spent, state: bytes.subarray(end + 1) };
}
