import type { HostDtype } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { type Global, readPickle } from './pickle.js';
import { STORAGE_DTYPES, TorchStorage, TorchTensor } from './torch-storages.js';

const MAX_DIMENSIONS = 64;

/** Returns the storage of a key; called once per key. */
export type StorageSource = (key: string, dtype: HostDtype, length: number) => TorchStorage;

/**
 * Reads a pickle of torch.save: plain values, and `TorchTensor`s that refer to storages.
 * @returns The value, and the offset of the first byte after the pickle.
 * @throws CheckpointError for a damaged pickle, and for other objects in it.
 */
export function readTorchPickle(
  bytes: Uint8Array,
  storageOf: StorageSource,
): { value: unknown; end: number } {
  return readPickle(bytes, { globals: GLOBALS, persistentLoad: createStorageLoader(storageOf) });
}

/** Represents a storage class in the pickle. */
class StorageType {
  constructor(readonly name: string) {}
}

const createUncallable = (storageType: StorageType): Global =>
  Object.assign(() => refuseCall(), { storageType });

function refuseCall(): never {
  throw new CheckpointError('The pickle in the checkpoint is damaged: it calls a storage class.');
}

const rebuildTensor: Global = (storage, offset, size, stride) => {
  if (!(storage instanceof TorchStorage)) throw damaged('a tensor has no storage');
  const shape = toCounts(size, 'shape');
  const strides = toCounts(stride, 'strides');
  if (shape.length !== strides.length || shape.length > MAX_DIMENSIONS)
    throw damaged(`a tensor has ${shape.length} dimensions and ${strides.length} strides`);
  return new TorchTensor(storage, toCount(offset, 'offset'), shape, strides);
};

const rebuildParameter: Global = (tensor) => {
  if (!(tensor instanceof TorchTensor)) throw damaged('a parameter is not a tensor');
  return tensor;
};

const GLOBALS: ReadonlyMap<string, Global> = new Map<string, Global>([
  ['collections.OrderedDict', (items) => createOrderedDict(items)],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ...Object.keys(STORAGE_DTYPES).map((name): [string, Global] => [
    `torch.${name}`,
    createUncallable(new StorageType(name)),
  ]),
]);

// torch.save adds the items one by one. If a list were allowed, one list could be copied any number of times.
function createOrderedDict(items: unknown): Map<unknown, unknown> {
  if (items !== undefined) throw damaged('an OrderedDict is not built as by torch.save');
  return new Map();
}

/** Returns a function that loads the storage of a persistent id: ("storage", class, key, device, number of values). */
function createStorageLoader(storageOf: StorageSource) {
  const storages = new Map<string, TorchStorage>();
  return (id: unknown): TorchStorage => {
    const [kind, type, key, , length, view] = Array.isArray(id) ? id : [];
    const storageType = (type as { storageType?: unknown } | undefined)?.storageType;
    // A sixth value could make a storage a part of another before version 1.6; recent versions write None.
    if (
      kind !== 'storage' ||
      !(storageType instanceof StorageType) ||
      typeof key !== 'string' ||
      (view ?? null) !== null
    )
      throw damaged('a storage is not described as by torch.save');
    const dtype = STORAGE_DTYPES[storageType.name];
    const known = storages.get(key);
    if (known) {
      if (known.dtype !== dtype || known.length !== length)
        throw damaged(`storage ${key} has two descriptions`);
      return known;
    }
    const storage = storageOf(key, dtype, toCount(length, 'length'));
    storages.set(key, storage);
    return storage;
  };
}

function toCount(value: unknown, role: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw damaged(`a tensor has an invalid ${role}`);
  return value as number;
}

function toCounts(value: unknown, role: string): number[] {
  if (!Array.isArray(value)) throw damaged(`a tensor has no ${role}`);
  return value.map((size) => toCount(size, role));
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The checkpoint is damaged: ${what}.`);
}
