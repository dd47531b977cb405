import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  explainDiskError,
  freeDiskSpace,
  isDiskFull,
  removeAbandoned,
  replaceFolder,
  temporaryPath,
} from '@unitsphere/core/disk';
import { InstallError } from './install-error.js';

/**
 * Runs `build` in an empty folder beside `folder`, then replaces `folder` with it. `folder` therefore always holds a
 * complete installation, old or new. Deletes what earlier interrupted runs left behind.
 *
 * @param neededBytes Free disk space that `build` requires.
 * @throws InstallError if the disk is too small, full or not writable; otherwise what `build` throws.
 */
export async function buildFolder<T>(
  folder: string,
  neededBytes: number,
  build: (staging: string) => Promise<T>,
): Promise<T> {
  const parent = dirname(folder);
  const staging = temporaryPath(folder);
  try {
    await mkdir(parent, { recursive: true });
    removeAbandoned(folder);
    checkSpace(parent, neededBytes);
    await mkdir(staging);
    const result = await build(staging);
    await replaceFolder(staging, folder);
    return result;
  } catch (cause) {
    throw diskError(cause, parent) ?? cause;
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => {});
  }
}

function checkSpace(parent: string, needed: number): void {
  const free = freeDiskSpace(parent);
  if (free === undefined || free >= needed) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new InstallError(
    `${parent} has ${gigabytes(free)} of free disk space; the installation requires ${gigabytes(needed)}.`,
    OTHER_DISK,
  );
}

const OTHER_DISK =
  'Free some space, or set XDG_CACHE_HOME to a folder on a larger disk, now and whenever the backend is used.';

function diskError(cause: unknown, parent: string): InstallError | undefined {
  const reason = explainDiskError(cause);
  if (!reason) return undefined;
  const remedy = isDiskFull(cause)
    ? OTHER_DISK
    : 'Set XDG_CACHE_HOME to a writable folder, now and whenever the backend is used.';
  return new InstallError(`${parent} cannot be written: ${reason}.`, remedy, { cause });
}
