import type { HostTensor, StateDict } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { type Global, readPickle } from './pickle.js';
import { readStoredZip, type ZipEntry } from './stored-zip.js';
import { STORAGE_DTYPES, TorchStorage, TorchTensor } from './torch-storages.js';

/** How a checkpoint is read. */
export interface TorchCheckpointOptions {
  /**
   * The key of the state dict inside the checkpoint's dict; `a.b` for one inside another. Default: as timm looks for it,
   * `state_dict_ema`, `model_ema`, `state_dict`, `model_state` or `model`, or the checkpoint itself where it has none.
   */
  key?: string;
  /** Whether the values must have the CRC-32 that the file says. Default true. */
  verify?: boolean;
}

// timm.models._helpers.load_state_dict, in its order.
const WRAPPERS = ['state_dict_ema', 'model_ema', 'state_dict', 'model_state', 'model'];
// What torch's data-parallel and compiled models put before every key.
const PREFIXES = ['module.', '_orig_mod.'];
const MAX_DIMENSIONS = 64;

/**
 * The tensors of a PyTorch checkpoint (.pth, .pt, .bin) as torch.save writes it since version 1.6. Nothing in it is executed,
 * and it may hold only tensors, dicts, lists, numbers and text, as `torch.load(weights_only=True)` has it. Tensors that share
 * a storage share memory here too. `module.` and `_orig_mod.` before the keys are taken away, as timm does.
 * @returns name → values, in PyTorch's order and layout; F16 and BF16 as they are stored.
 * @throws CheckpointError for a file of another format (the one before 1.6 too, with what converts it), for one that is cut off
 * or damaged, for anything else in the pickle (by its name), and for a checkpoint that has no state dict.
 */
export function readTorchCheckpoint(
  bytes: Uint8Array,
  { key, verify = true }: TorchCheckpointOptions = {},
): StateDict {
  checkFormat(bytes);
  const files = readStoredZip(bytes);
  const [pickleName, pickle] = [...files].find(([name]) => /(^|\/)data\.pkl$/.test(name)) ?? [];
  if (!pickle) {
    throw new CheckpointError(
      `The ZIP file has no data.pkl, so it is no PyTorch checkpoint; it has ${[...files.keys()].slice(0, 5).join(', ') || 'nothing'}.`,
    );
  }
  const folder = pickleName!.slice(0, -'data.pkl'.length);
  if (verify && !pickle.isIntact())
    throw new CheckpointError("The ZIP file is damaged: the CRC-32 of data.pkl is not the file's.");
  const { value: root } = readPickle(pickle.bytes, {
    globals: GLOBALS,
    persistentLoad: storageLoader(files, folder, verify),
  });
  return materialize(cleanKeys(findStateDict(root, key)));
}

function checkFormat(bytes: Uint8Array): void {
  const [a, b, c, d] = bytes;
  if (a === 0x50 && b === 0x4b) return;
  // A pickle of torch.save's magic number, or a tar file of even earlier versions.
  const legacy = (a === 0x80 && c === 0x8a && d === 0x0a) || isTar(bytes);
  throw new CheckpointError(
    legacy
      ? 'The checkpoint has the format of PyTorch before 1.6, which is not read here. Convert it in Python: torch.save(torch.load(file, map_location="cpu", weights_only=True), new_file).'
      : 'The file is no PyTorch checkpoint: it does not begin as a ZIP file.',
  );
}

/** Whether a file is a tar archive, as torch.save wrote in its earliest versions. */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length > 262 && String.fromCharCode(...bytes.subarray(257, 262)) === 'ustar';
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
function storageLoader(files: Map<string, ZipEntry>, folder: string, verify: boolean) {
  const order = files.get(`${folder}byteorder`);
  const byteOrder = order ? new TextDecoder().decode(order.bytes.subarray(0, 20)) : 'little';
  if (byteOrder !== 'little' && byteOrder !== 'big') throw damaged(`its byte order is "${byteOrder}"`);
  const storages = new Map<string, TorchStorage>();
  return (id: unknown): TorchStorage => {
    const [kind, type, key, , length] = Array.isArray(id) ? id : [];
    const storageType = (type as { what?: unknown } | undefined)?.what;
    if (kind !== 'storage' || !(storageType instanceof StorageType) || typeof key !== 'string')
      throw damaged('a storage is not described as torch.save does');
    const dtype = STORAGE_DTYPES[storageType.name]!;
    const known = storages.get(key);
    if (known) {
      if (known.dtype !== dtype || known.length !== length)
        throw damaged(`storage ${key} is described in two ways`);
      return known;
    }
    const entry = files.get(`${folder}data/${key}`);
    if (!entry) throw damaged(`it has no file data/${key}`);
    const storage = new TorchStorage(dtype, count(length, 'length'), entry, byteOrder === 'big', verify);
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

function findStateDict(root: unknown, key: string | undefined): Map<unknown, unknown> {
  if (key !== undefined) {
    let found: unknown = root;
    for (const part of key.split('.')) found = found instanceof Map ? found.get(part) : undefined;
    if (found instanceof Map) return found;
    throw new CheckpointError(`The checkpoint has no dict "${key}"; it has ${keysOf(root)}.`);
  }
  if (root instanceof Map) {
    for (const wrapper of WRAPPERS) if (root.get(wrapper) instanceof Map) return root.get(wrapper);
    if ([...root.values()].some((value) => value instanceof TorchTensor)) return root;
    if (root.size === 0) return root;
  }
  throw new CheckpointError(
    `The checkpoint has no state dict: it has ${keysOf(root)}. Give the key of the one to read.`,
  );
}

function keysOf(value: unknown): string {
  if (!(value instanceof Map)) return describe(value);
  const keys = [...value.keys()]
    .slice(0, 10)
    .map((key) => (typeof key === 'string' ? `"${key}"` : describe(key)));
  return `the keys ${keys.join(', ')}${value.size > 10 ? ', …' : ''}`;
}

function cleanKeys(state: Map<unknown, unknown>): [string, TorchTensor][] {
  return [...state].map(([key, value]) => {
    if (typeof key !== 'string')
      throw new CheckpointError(`The state dict has a key that is ${describe(key)}, not text.`);
    if (!(value instanceof TorchTensor))
      throw new CheckpointError(`"${key}" in the state dict is ${describe(value)}, not a tensor.`);
    return [
      PREFIXES.reduce((name, prefix) => (name.startsWith(prefix) ? name.slice(prefix.length) : name), key),
      value,
    ];
  });
}

function materialize(entries: [string, TorchTensor][]): StateDict {
  const state: StateDict = new Map();
  for (const [name, tensor] of entries) {
    if (state.has(name))
      throw new CheckpointError(`The state dict has "${name}" twice, with and without a prefix.`);
    try {
      const host: HostTensor = {
        dtype: tensor.storage.dtype,
        shape: tensor.shape,
        data: tensor.storage.window(tensor),
      };
      state.set(name, host);
    } catch (error) {
      if (error instanceof CheckpointError) throw new CheckpointError(`Tensor "${name}": ${error.message}`);
      throw error;
    }
  }
  return state;
}

function describe(value: unknown): string {
  if (value === null) return 'None';
  if (value instanceof Map) return 'a dict';
  if (value instanceof Set) return 'a set';
  if (value instanceof TorchTensor) return 'a tensor';
  if (value instanceof Uint8Array) return 'bytes';
  if (Array.isArray(value)) return Object.isFrozen(value) ? 'a tuple' : 'a list';
  return (
    { string: 'text', number: 'a number', bigint: 'a number', boolean: 'True or False' }[
      typeof value as string
    ] ?? 'no plain value'
  );
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The checkpoint is damaged: ${what}.`);
}
