/** Reading and writing files whole, in Node: for stores that must survive a crash and a full disk. */
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is larger than the file system or its limit allows',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
};

/**
 * Why the disk refused to write a path, in words and with the room that is left.
 * @returns undefined for an error of another kind.
 */
export function writeRefusal(path: string, error: unknown): string | undefined {
  const reason = REASONS[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
  return reason && `${reason}${room(path)}`;
}

function room(path: string): string {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return ` (${Math.floor((bavail * bsize) / 2 ** 20)} MiB free)`;
  } catch {
    return '';
  }
}

/** Writes all of the bytes; one write may take only a part. */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done);
  }
}

/** Fills the bytes from the file. @returns Whether there were that many. */
export function readAll(fd: number, bytes: Uint8Array, position: number): boolean {
  for (let done = 0; done < bytes.byteLength; ) {
    const read = readSync(fd, bytes, done, bytes.byteLength - done, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}

/** Writes a file so that its path holds all of it or what was there before, whatever happens. */
export function writeFileAtomic(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  try {
    const fd = openSync(temporary, 'w');
    try {
      writeAll(fd, bytes, 0);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Waits until a folder's entries are on the disk. */
export function syncFolder(path: string): void {
  // Windows opens no folders, and needs none synced.
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
