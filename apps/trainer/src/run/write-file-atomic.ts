import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskError } from './disk-error.js';

/** Names that begin so are of writes that were not finished, and may be deleted by whoever holds the run's lock. */
export const TEMPORARY_PREFIX = '.tmp-';

/** A name in the same folder that nobody else uses. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `${TEMPORARY_PREFIX}${basename(path)}-${randomBytes(6).toString('hex')}`);
}

/**
 * Writes a file so that, whatever happens, its path holds either all of the old content or all of the new: written
 * under a temporary name, synced to the disk, renamed, and the folder synced.
 *
 * @throws UserError when the disk is full or may not be written; the old file is untouched and the temporary one gone.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const temporary = temporaryPath(path);
  try {
    await writeFileSynced(temporary, bytes);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw await diskError(error, path, bytes.byteLength);
  }
}

/** Writes a new file and waits until it is on the disk. */
export async function writeFileSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeAll(file, bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes all bytes at the file's position; one write may take only a part. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.byteLength - offset);
    offset += bytesWritten;
  }
}

/** Waits until a folder's entries, such as a renamed file, are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and needs none synced.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
