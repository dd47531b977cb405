import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readAllSync } from '@unitsphere/core/disk';
import { CenterStoreError } from '../errors.js';
import type { FileId } from '../state/file-state.js';
import { decodeHeader, HEADER_BYTES } from './header.js';
import { indexFiles } from './journal-index.js';

const NAME = /^rank-\d+(-\d+)?\.centers$/;

/** The center files of ranks in a folder. */
export interface CenterFiles {
  /** Path of each file, by `idKey` of its random number. */
  paths: ReadonlyMap<string, string>;
  /** Files whose header cannot be read, by path, and why. */
  unreadable: ReadonlyMap<string, string>;
}

/** Returns a file's random number as a key of maps. */
export const idKey = (id: FileId): string => id.join();

/** Lists the center files of a folder; none if there is no such folder. */
export function findCenterFiles(folder: string): CenterFiles {
  const paths = new Map<string, string>();
  const unreadable = new Map<string, string>();
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    try {
      paths.set(idKey(readHeader(path).fileId), path);
    } catch (error) {
      // Another rank may have deleted it.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      const { message } = error as Error;
      unreadable.set(
        path,
        error instanceof CenterStoreError ? message : `${path} cannot be read: ${message}.`,
      );
    }
  }
  return { paths, unreadable };
}

/** Returns a path for a rank's new file that none of `taken` has. */
export function newCenterFile(folder: string, rank: number, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const path = join(folder, `rank-${rank}${number > 1 ? `-${number}` : ''}.centers`);
    if (!taken.has(path)) return path;
  }
}

/** Deletes a center file with its journal. Does nothing if another rank has done so. */
export function removeCenterFile(path: string): void {
  for (const index of indexFiles(`${path}.journal`)) rmSync(index.path, { force: true });
  rmSync(`${path}.journal`, { force: true });
  rmSync(path, { force: true });
}

/** Reads the header of a file. @throws CenterStoreError if it is not a center file, or damaged. */
export function readHeader(path: string) {
  const start = new Uint8Array(HEADER_BYTES);
  const fd = openSync(path, 'r');
  try {
    readAllSync(fd, start, 0);
  } finally {
    closeSync(fd);
  }
  return decodeHeader(path, start);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => NAME.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
