import type { FileHandle } from 'node:fs/promises';
import { builtinModule } from './builtin-module.js';
import { syncFolder, syncFolderSync, writeAll, writeAllSync } from './read-write.js';
import { temporaryPath } from './temporary-path.js';

/** How often Windows is asked to replace a file that is open, and the time in between: 1 second in all. */
const RENAME_ATTEMPTS = 21;
const RENAME_WAIT_MS = 50;

/** Options of the functions that replace a file. */
export interface ReplaceFileOptions {
  /**
   * Whether to also sync the folder, so that a power loss right after the call cannot bring the old file back. The
   * file itself is always synced. Default: true.
   */
  syncFolder?: boolean;
}

/**
 * Replaces a file atomically: whatever happens, `path` holds either all of the old content or all of the new. The new
 * content is written under a temporary name in the same folder, synced, and renamed.
 *
 * @param write Writes the content to an empty open file.
 * @throws What `write` or the disk throws. The old file is then unchanged and the temporary one deleted.
 */
export async function replaceFile(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  options: ReplaceFileOptions = {},
): Promise<void> {
  const { rm } = builtinModule('node:fs/promises');
  const temporary = temporaryPath(path);
  try {
    await createSynced(temporary, write);
    await renameOver(temporary, path);
    if (options.syncFolder ?? true) await syncFolder(builtinModule('node:path').dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** The synchronous {@link replaceFile}. */
export function replaceFileSync(
  path: string,
  write: (fd: number) => void,
  options: ReplaceFileOptions = {},
): void {
  const { openSync, fsyncSync, closeSync, renameSync, rmSync } = builtinModule('node:fs');
  const temporary = temporaryPath(path);
  try {
    const fd = openSync(temporary, 'wx');
    try {
      write(fd);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    if (options.syncFolder ?? true) syncFolderSync(builtinModule('node:path').dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Writes a file atomically; see {@link replaceFile}. Text is written as UTF-8. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options?: ReplaceFileOptions,
): Promise<void> {
  await replaceFile(path, (file) => writeAll(file, toBytes(data)), options);
}

/** The synchronous {@link writeFileAtomic}. */
export function writeFileAtomicSync(
  path: string,
  data: string | Uint8Array,
  options?: ReplaceFileOptions,
): void {
  replaceFileSync(path, (fd) => writeAllSync(fd, toBytes(data), 0), options);
}

/** Creates a file with these bytes and waits until they are on the disk. @throws If the file exists (EEXIST). */
export async function createFile(path: string, bytes: Uint8Array): Promise<void> {
  await createSynced(path, (file) => writeAll(file, bytes));
}

/**
 * Renames the folder `from` to `to`. An existing `to` is renamed away first, because a folder cannot replace one that
 * is not empty, and is deleted last; it is put back if the rename fails.
 */
export async function replaceFolder(from: string, to: string): Promise<void> {
  const { rename, rm } = builtinModule('node:fs/promises');
  const old = temporaryPath(to);
  const isReplaced = await rename(to, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    await rename(from, to);
  } catch (error) {
    if (isReplaced) await rename(old, to).catch(() => {});
    throw error;
  }
  if (isReplaced) await rm(old, { recursive: true, force: true });
}

/** Windows does not replace a file that a program has open, such as a reader or a virus scanner, so the rename is repeated. */
async function renameOver(from: string, to: string): Promise<void> {
  const { rename } = builtinModule('node:fs/promises');
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      const isOpen = process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(code);
      if (!isOpen || attempt === RENAME_ATTEMPTS) throw error;
      await builtinModule('node:timers/promises').setTimeout(RENAME_WAIT_MS);
    }
  }
}

async function createSynced(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await builtinModule('node:fs/promises').open(path, 'wx');
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

const toBytes = (data: string | Uint8Array): Uint8Array =>
  typeof data === 'string' ? new TextEncoder().encode(data) : data;
