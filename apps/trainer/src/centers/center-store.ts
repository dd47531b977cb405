import { join } from 'node:path';
import type { Communicator } from '@unitsphere/collectives';
import type { StoreFactory } from '@unitsphere/partial-fc';
import { fileStore } from '@unitsphere/partial-fc/file';
import type { PartialFcConfig } from '../config/config.js';
import { memoryStore } from './memory-store.js';

/** The folder of a run's center files. */
export interface CentersPlace {
  folder: string;
  /** Overwrite existing files: no checkpoint refers to them. */
  overwrite: boolean;
}

/** Returns the store of a config's class centers. @throws Error for `store: file` without a place. */
export function createStore(
  config: PartialFcConfig,
  { rank }: Communicator,
  place: CentersPlace | undefined,
): StoreFactory {
  if (config.store !== 'file') return memoryStore(config);
  if (!place) throw new Error("createStore: store 'file' requires a folder; pass place.");
  return fileStore(join(place.folder, centersFile(rank)), {
    cacheBytes: config.cacheMiB * 2 ** 20,
    overwrite: place.overwrite,
  });
}

/** Returns the name of a rank's center file. */
export const centersFile = (rank: number): string => `rank-${rank}.centers`;
