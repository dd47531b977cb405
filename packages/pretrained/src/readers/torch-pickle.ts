import type { HostDtype } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { readPickle } from './pickle.js';
import { storageTypeOf, toCount, torchGlobals, unreadStorageOf } from './torch-globals.js';
import { STORAGE_DTYPES, type TorchStorage, UnreadStorage } from './torch-storages.js';

/** Returns the storage of a key; called once per key. */
export type StorageSource = (key: string, dtype: HostDtype, length: number) => TorchStorage;

/**
 * Reads a pickle of torch.save: plain values, and `TorchTensor`s that refer to storages.
 * @param onUnread Called once for each storage whose values are not read, with its number of values and their size.
 * @returns The value, and the offset of the first byte after the pickle.
 * @throws CheckpointError for a damaged pickle, and for other objects in it.
 */
export function readTorchPickle(
  bytes: Uint8Array,
  storageOf: StorageSource,
  onUnread?: (key: string, length: number, bytesPerValue: number) => void,
): { value: unknown; end: number } {
  return readPickle(bytes, {
    globals: torchGlobals(bytes.length),
    persistentLoad: createStorageLoader(storageOf, onUnread),
  });
}

/** Returns a function that loads the storage of a persistent id: ("storage", class, key, device, number of values). */
function createStorageLoader(
  storageOf: StorageSource,
  onUnread?: (key: string, length: number, bytesPerValue: number) => void,
) {
  const storages = new Map<string, TorchStorage | UnreadStorage>();
  return (id: unknown): TorchStorage | UnreadStorage => {
    const [kind, type, key, , length, view] = Array.isArray(id) ? id : [];
    const storageType = storageTypeOf(type);
    // A sixth value could make a storage a part of another before version 1.6; recent versions write None.
    if (kind !== 'storage' || !storageType || typeof key !== 'string' || (view ?? null) !== null)
      throw damaged('a storage is not described as by torch.save');
    const unread = unreadStorageOf(storageType);
    const dtype = unread ? unread[0] : STORAGE_DTYPES[storageType.name];
    const known = storages.get(key);
    if (known) {
      if (known.dtype !== dtype || known.length !== length)
        throw damaged(`storage ${key} has two descriptions`);
      return known;
    }
    const count = toCount(length, 'length');
    const storage = unread ? new UnreadStorage(unread[0], count) : storageOf(key, dtype as HostDtype, count);
    if (unread) onUnread?.(key, count, unread[1]);
    storages.set(key, storage);
    return storage;
  };
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The checkpoint is damaged: ${what}.`);
}
