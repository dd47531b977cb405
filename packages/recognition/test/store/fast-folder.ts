import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeDiskSpace } from '@unitsphere/core/disk';

const MEMORY_DISK = '/dev/shm';

/** Creates a temporary folder for tests that sync often: on a disk in memory if there is one with 1 GiB. */
export function makeFastFolder(prefix: string): string {
  const hasSpace = (freeDiskSpace(MEMORY_DISK) ?? 0) > 2 ** 30;
  return mkdtempSync(join(hasSpace ? MEMORY_DISK : tmpdir(), prefix));
}
