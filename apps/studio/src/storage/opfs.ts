/** The origin private file system: whole files with a checksum, and plain files that are written once. */

/** A folder by the names of its path below the studio's own folder. */
export type FolderPath = readonly string[];

/** A file that a worker may write; TypeScript declares it for workers only. */
interface WritableFile {
  createSyncAccessHandle(): Promise<{
    truncate(size: number): void;
    write(bytes: Uint8Array, options: { at: number }): number;
    flush(): void;
    close(): void;
  }>;
}

const ROOT = 'unitsphere-studio';
const HASH_BYTES = 32;

/** Returns whether the browser keeps files for this page. It does only over https and from localhost. */
export async function hasStorage(): Promise<boolean> {
  try {
    await folderAt([], true);
    return true;
  } catch {
    return false;
  }
}

/** Returns a folder. @param create Whether to create it if it is missing. */
export async function folderAt(path: FolderPath, create = false): Promise<FileSystemDirectoryHandle> {
  let folder = await navigator.storage.getDirectory();
  for (const name of [ROOT, ...path]) folder = await folder.getDirectoryHandle(name, { create });
  return folder;
}

/** Returns the names in a folder; none if it is missing. */
export async function listNames(path: FolderPath): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const name of (await folderAt(path)).keys()) names.push(name);
    return names;
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Removes a file or a folder with its contents. Does nothing if it is missing. */
export async function remove(path: FolderPath, name: string): Promise<void> {
  try {
    await (await folderAt(path)).removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Opens a file that was written by {@link writeOnce}; undefined if it is missing. Its bytes are read when they are needed. */
export async function openFile(path: FolderPath, name: string): Promise<File | undefined> {
  try {
    return await (await (await folderAt(path)).getFileHandle(name)).getFile();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Writes a file that nothing refers to until this resolves. Works in workers only. */
export async function writeOnce(path: FolderPath, name: string, parts: readonly Uint8Array[]): Promise<void> {
  const folder = await folderAt(path, true);
  const file = await folder.getFileHandle(name, { create: true });
  try {
    const access = await (file as unknown as WritableFile).createSyncAccessHandle();
    try {
      access.truncate(0);
      let at = 0;
      for (const part of parts) {
        const written = access.write(part, { at });
        if (written !== part.length) throw new DOMException('The disk is full.', 'QuotaExceededError');
        at += written;
      }
      access.flush();
    } finally {
      access.close();
    }
  } catch (error) {
    await folder.removeEntry(name).catch(() => {});
    throw error;
  }
}

/**
 * Replaces a file: a reader gets the previous contents or the new ones, whatever is killed meanwhile. Each version is a file of its
 * own with a checksum, and older versions are removed when it is on the disk. Works in workers only. One writer at a time.
 */
export async function writeWhole(path: FolderPath, name: string, contents: Uint8Array): Promise<void> {
  const versions = await versionsOf(path, name);
  const hash = await sha256(contents);
  await writeOnce(path, `${name}.${(versions[0] ?? 0) + 1}`, [hash, contents]);
  for (const version of versions) {
    // A reader may have it open; the next write removes it.
    await remove(path, `${name}.${version}`).catch(() => {});
  }
}

/** Reads the newest complete version of a file that was written by {@link writeWhole}; undefined if there is none. */
export async function readWhole(path: FolderPath, name: string): Promise<Uint8Array | undefined> {
  for (const version of await versionsOf(path, name)) {
    const file = await openFile(path, `${name}.${version}`);
    if (!file || file.size < HASH_BYTES) continue;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const contents = bytes.subarray(HASH_BYTES);
    const hash = await sha256(contents);
    if (hash.every((byte, i) => byte === bytes[i])) return contents;
  }
  return undefined;
}

/** Removes all versions of a file. */
export async function removeWhole(path: FolderPath, name: string): Promise<void> {
  for (const version of await versionsOf(path, name)) await remove(path, `${name}.${version}`);
}

/** Returns the version numbers of a file, newest first. */
async function versionsOf(path: FolderPath, name: string): Promise<number[]> {
  return (await listNames(path))
    .filter((entry) => entry.startsWith(`${name}.`))
    .map((entry) => Number(entry.slice(name.length + 1)))
    .filter(Number.isInteger)
    .sort((a, b) => b - a);
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

const isMissing = (error: unknown) => error instanceof DOMException && error.name === 'NotFoundError';
