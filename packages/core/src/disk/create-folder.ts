import { builtinModule } from './builtin-module.js';

/**
 * Creates a folder and its missing parents, one by one. Node's own recursive `mkdir` reports ENOENT for some folders that are
 * read-only, and never returns for others.
 * @throws The error of the first folder that cannot be created; ENOTDIR if `path` or a parent is not a folder.
 */
export async function createFolder(path: string): Promise<void> {
  const { mkdir, stat } = builtinModule('node:fs/promises');
  const { dirname } = builtinModule('node:path');
  const entry = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (entry?.isDirectory()) return;
  if (entry)
    throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path}'`), { code: 'ENOTDIR', path });
  if (dirname(path) !== path) await createFolder(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    // Another process has just created it.
    if (error.code !== 'EEXIST') throw error;
  });
}
