import type { Communicator } from '@unitsphere/collectives';
import type { FileId, StoreFactory } from '@unitsphere/partial-fc';
import { folderStore } from '@unitsphere/partial-fc/file';
import type { PartialFcConfig } from '../config/config.js';
import { memoryStore } from './memory-store.js';

/** The folder of a run's center files. */
export interface CentersPlace {
  folder: string;
  /** The files of the checkpoint that is resumed. Without them, existing files are overwritten. */
  files?: readonly FileId[];
}

/** Returns the store of a config's class centers. @throws Error for `store: file` without a place. */
export function createStore(
  config: PartialFcConfig,
  communicator: Communicator,
  place: CentersPlace | undefined,
): StoreFactory {
  if (config.store !== 'file') return memoryStore(config);
  if (!place) throw new Error("createStore: store 'file' requires a folder; pass place.");
  const { folder, files } = place;
  return folderStore(folder, { communicator, files, cacheBytes: config.cacheMiB * 2 ** 20 });
}
