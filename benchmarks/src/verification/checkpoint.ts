import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@unitsphere/core/disk';

/** What a count took so far, over all processes that had a part in it. */
export interface Spent {
  seconds: number;
  processorSeconds: number;
  peakRss: number;
}

/** Keeps what is counted and what it took: a line of JSON, and what `onCheckpoint` of `verifyAllPairs` was told. */
export function writeCheckpoint(path: string, state: Uint8Array, spent: Spent): void {
  writeFileAtomic(path, Buffer.concat([Buffer.from(`${JSON.stringify(spent)}\n`), state]));
}

/** What `writeCheckpoint` kept; undefined where there is no file. */
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
