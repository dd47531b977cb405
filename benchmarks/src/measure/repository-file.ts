import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Returns the absolute path of a file of this repository. Works from `src` and from `dist`. */
export function resolveRepositoryFile(path: string): string {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('configs/documents.yaml', folder))) folder = new URL('..', folder);
  return fileURLToPath(new URL(path, folder));
}
