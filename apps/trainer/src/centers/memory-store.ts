import { deviceStore, hostStore, type StoreFactory } from '@unitsphere/partial-fc';
import type { PartialFcConfig } from '../config/config.js';

const IN_MEMORY = { memory: deviceStore, host: hostStore };

/** The store of class centers that live in memory. @throws Error where the config wants them in a file. */
export function memoryStore({ store }: PartialFcConfig): StoreFactory {
  if (store === 'file') throw new Error('memoryStore: these class centers live in a file.');
  return IN_MEMORY[store]();
}
