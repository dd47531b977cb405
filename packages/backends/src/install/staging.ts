import { mkdir, mkdtemp, readdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InstallError } from './install-error.js';

/**
 * Runs `build` with a fresh folder and gives that folder the final name when it is done: the final name holds a whole
 * installation, or the one that was there before. What an interrupted run left behind is removed by the next.
 */
export async function replaceFolder<T>(
  folder: string,
  neededBytes: number,
  build: (staging: string) => Promise<T>,
): Promise<T> {
  const parent = dirname(folder);
  let staging: string | undefined;
  try {
    await mkdir(parent, { recursive: true });
    await removeAbandoned(folder);
    await checkSpace(parent, neededBytes);
    staging = await mkdtemp(`${folder}${MARK}${process.pid}-`);
    const result = await build(staging);
    await swap(staging, folder);
    return result;
  } catch (cause) {
    throw diskError(cause, parent) ?? cause;
  } finally {
    if (staging) await rm(staging, { recursive: true, force: true });
  }
}

const MARK = '.partial-';

async function removeAbandoned(folder: string): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(folder)}${MARK}`)) continue;
    const pid = Number.parseInt(name.slice(name.indexOf(MARK) + MARK.length), 10);
    if (!isRunning(pid)) await rm(join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function checkSpace(parent: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(parent);
  if (bavail * bsize >= needed) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new InstallError(
    `${parent} has ${gigabytes(bavail * bsize)} of free disk space; ${gigabytes(needed)} are needed while installing.`,
    OTHER_DISK,
  );
}

const OTHER_DISK =
  'Free some, or set XDG_CACHE_HOME to a folder on a larger disk, now and when the backend is used.';

/** A folder cannot be renamed onto another that holds something, so the old one steps aside first. */
async function swap(staging: string, folder: string): Promise<void> {
  const old = `${staging}-old`;
  const moved = await rename(folder, old).then(
    () => true,
    () => false,
  );
  await rename(staging, folder);
  if (moved) await rm(old, { recursive: true, force: true });
}

function diskError(cause: unknown, parent: string): InstallError | undefined {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new InstallError(`The disk of ${parent} is full.`, OTHER_DISK, { cause });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    return new InstallError(
      `${parent} cannot be written (${message}).`,
      'Set XDG_CACHE_HOME to a folder that can be, now and when the backend is used.',
      { cause },
    );
  }
  return undefined;
}
