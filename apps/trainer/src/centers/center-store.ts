import { join } from 'node:path';
import type { Communicator } from '@unitsphere/collectives';
import type { StoreFactory } from '@unitsphere/partial-fc';
import { fileStore } from '@unitsphere/partial-fc/file';
import type { PartialFcConfig } from '../config/config.js';
import { memoryStore } from './memory-store.js';

/** Where a run keeps class centers that live in files. */
export interface CentersPlace {
  folder: string;
  /** Drop the files that are there: the run has no checkpoint that they belong to. */
  overwrite: boolean;
}

/** The store of a config's class centers. @throws Error where they live in a file and no place is given. */
export function createStore(
  config: PartialFcConfig,
  { rank }: Communicator,
  place: CentersPlace | undefined,
): StoreFactory {
  if (config.store !== 'file') return memoryStore(config);
  if (!place) throw new Error('createStore: class centers in a file need a folder.');
  return fileStore(join(place.folder, centersFile(rank)), {
    cacheBytes: config.cacheMiB * 2 ** 20,
    overwrite: place.overwrite,
  });
}

/** The file of a rank's class centers. */
export const centersFile = (rank: number): string => `rank-${rank}.centers`;
