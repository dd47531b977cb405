import type { FileHandle } from 'node:fs/promises';
import { builtinModule } from './builtin-module.js';

/** Writes all bytes at the file's current position. A single write may take only a part of them. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done);
    done += bytesWritten;
  }
}

/** Writes all bytes at a position of an open file. A single write may take only a part of them. */
export function writeAllSync(fd: number, bytes: Uint8Array, position: number): void {
  const { writeSync } = builtinModule('node:fs');
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done);
  }
}

/** Fills `bytes` from a position of an open file. @returns False if the file ends first. */
export function readAllSync(fd: number, bytes: Uint8Array, position: number): boolean {
  const { readSync } = builtinModule('node:fs');
  for (let done = 0; done < bytes.byteLength; ) {
    const read = readSync(fd, bytes, done, bytes.byteLength - done, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}

/** Waits until a folder's entries, such as a renamed file, are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders, and does not need to sync them.
  if (process.platform === 'win32') return;
  const folder = await builtinModule('node:fs/promises').open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The synchronous {@link syncFolder}. */
export function syncFolderSync(path: string): void {
  if (process.platform === 'win32') return;
  const { openSync, fsyncSync, closeSync } = builtinModule('node:fs');
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
