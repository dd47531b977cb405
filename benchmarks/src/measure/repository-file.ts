import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file of this repository, from the sources and from what is built of them. */
export function repositoryFile(path: string): string {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('configs/documents.yaml', folder))) folder = new URL('..', folder);
  return fileURLToPath(new URL(path, folder));
}
