import { builtinModule, explainDiskError } from '@unitsphere/core/disk';
import { EmbedderError } from '../embedder-error.js';
import type { ModelFiles } from './model-files.js';

/** Reads files of a folder, in Node. */
export function filesOfFolder(folder: string): ModelFiles {
  const { join } = builtinModule('node:path');
  const { readFile } = builtinModule('node:fs/promises');
  return {
    name: folder,
    async read(file) {
      try {
        return await readFile(join(folder, file));
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
        throw new EmbedderError(
          'SOURCE_NOT_FOUND',
          `${join(folder, file)} cannot be read: ${explainDiskError(error) ?? message}`,
          { cause: error },
        );
      }
    },
  };
}

/** Lists the names in a folder; empty if there is none. */
export async function listFolder(folder: string): Promise<string[]> {
  return builtinModule('node:fs/promises')
    .readdir(folder)
    .catch(() => []);
}
