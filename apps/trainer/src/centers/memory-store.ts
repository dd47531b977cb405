import { deviceStore, hostStore, type StoreFactory } from '@unitsphere/partial-fc';
import type { PartialFcConfig } from '../config/config.js';

const IN_MEMORY = { memory: deviceStore, host: hostStore };

/** Returns an in-memory store of class centers. @throws Error for `store: file`. */
export function memoryStore({ store }: PartialFcConfig): StoreFactory {
  if (store === 'file') throw new Error("memoryStore: store 'file' is not in memory; use createStore.");
  return IN_MEMORY[store]();
}
