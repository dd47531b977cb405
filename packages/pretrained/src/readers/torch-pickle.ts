import type { HostDtype } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { type Global, readPickle } from './pickle.js';
import { STORAGE_DTYPES, TorchStorage, TorchTensor } from './torch-storages.js';

const MAX_DIMENSIONS = 64;

/** Gives the storage of a key; called once for each. */
export type StorageSource = (key: string, dtype: HostDtype, length: number) => TorchStorage;

/**
 * Reads a pickle of torch.save: plain values, and `TorchTensor`s that look at storages.
 * @returns The value, and where the pickle ends.
 * @throws CheckpointError for anything else in it, by its name, and for a damaged one.
 */
export function readTorchPickle(
  bytes: Uint8Array,
  storageOf: StorageSource,
): { value: unknown; end: number } {
  return readPickle(bytes, { globals: GLOBALS, persistentLoad: storageLoader(storageOf) });
}

/** Stands for a storage class in the pickle. */
class StorageType {
  constructor(readonly name: string) {}
}

const uncallable = (what: unknown): Global => Object.assign(() => refuseCall(), { what });

function refuseCall(): never {
  throw new CheckpointError('The pickle in the checkpoint is damaged: it calls a storage class.');
}

const rebuildTensor: Global = (storage, offset, size, stride) => {
  if (!(storage instanceof TorchStorage)) throw damaged('a tensor has no storage');
  const shape = counts(size, 'shape');
  const strides = counts(stride, 'strides');
  if (shape.length !== strides.length || shape.length > MAX_DIMENSIONS)
    throw damaged(`a tensor has ${shape.length} dimensions and ${strides.length} strides`);
  return new TorchTensor(storage, count(offset, 'offset'), shape, strides);
};

const rebuildParameter: Global = (tensor) => {
  if (!(tensor instanceof TorchTensor)) throw damaged('a parameter is no tensor');
  return tensor;
};

const GLOBALS: ReadonlyMap<string, Global> = new Map<string, Global>([
  ['collections.OrderedDict', (items) => orderedDict(items)],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ...Object.keys(STORAGE_DTYPES).map((name): [string, Global] => [
    `torch.${name}`,
    uncallable(new StorageType(name)),
  ]),
]);

// Its items follow one by one; made of a list, one list could be copied any number of times.
function orderedDict(items: unknown): Map<unknown, unknown> {
  if (items !== undefined) throw damaged('an OrderedDict is not made as torch.save makes it');
  return new Map();
}

/** The storage of a persistent id: ("storage", class, key, device, number of values). */
function storageLoader(storageOf: StorageSource) {
  const storages = new Map<string, TorchStorage>();
  return (id: unknown): TorchStorage => {
    const [kind, type, key, , length, view] = Array.isArray(id) ? id : [];
    const storageType = (type as { what?: unknown } | undefined)?.what;
    // Before 1.6 a sixth value could make a storage a part of another; torch.save has left it None for long.
    if (
      kind !== 'storage' ||
      !(storageType instanceof StorageType) ||
      typeof key !== 'string' ||
      (view ?? null) !== null
    )
      throw damaged('a storage is not described as torch.save does');
    const dtype = STORAGE_DTYPES[storageType.name];
    const known = storages.get(key);
    if (known) {
      if (known.dtype !== dtype || known.length !== length)
        throw damaged(`storage ${key} is described in two ways`);
      return known;
    }
    const storage = storageOf(key, dtype, count(length, 'length'));
    storages.set(key, storage);
    return storage;
  };
}

function count(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw damaged(`a tensor has no valid ${what}`);
  return value as number;
}

function counts(value: unknown, what: string): number[] {
  if (!Array.isArray(value)) throw damaged(`a tensor has no ${what}`);
  return value.map((size) => count(size, what));
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The checkpoint is damaged: ${what}.`);
}
