import type { HostTensor, StateDict } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { readStoredZip } from './stored-zip.js';
import { isLegacy, readLegacyCheckpoint } from './torch-legacy.js';
import { readTorchPickle } from './torch-pickle.js';
import { TorchStorage, TorchTensor } from './torch-storages.js';

/** Options of {@link readTorchCheckpoint}. */
export interface TorchCheckpointOptions {
  /**
   * Key of the state dict in the checkpoint; `a.b` for a nested one. Default: as in timm, the first of `state_dict_ema`,
   * `model_ema`, `state_dict`, `model_state` and `model` that exists, otherwise the checkpoint itself.
   */
  key?: string;
  /** Whether to verify the CRC-32 of the values. Files of versions before 1.6 have none. Default: true. */
  verify?: boolean;
}

// In the order of timm.models._helpers.load_state_dict.
const WRAPPERS = ['state_dict_ema', 'model_ema', 'state_dict', 'model_state', 'model'];
// Prefixes of the keys of torch's data-parallel and compiled models.
const PREFIXES = ['module.', '_orig_mod.'];

/**
 * Reads the tensors of a PyTorch checkpoint (.pth, .pt, .bin), in the current format of torch.save or in that before version
 * 1.6. No code in it is executed: as with `torch.load(weights_only=True)`, it may contain only tensors, dicts, lists, numbers
 * and text. Tensors that share a storage also share memory here. The prefixes `module.` and `_orig_mod.` of the keys are
 * removed, as in timm.
 * @returns The values by name, in PyTorch's order and layout; F16 and BF16 as they are stored.
 * @throws CheckpointError for a file that has another format, is truncated or damaged, or has no state dict, and for other
 *   objects in the pickle.
 */
export function readTorchCheckpoint(
  bytes: Uint8Array,
  { key, verify = true }: TorchCheckpointOptions = {},
): StateDict {
  const root = isLegacy(bytes) ? readLegacyCheckpoint(bytes) : readZipCheckpoint(bytes, verify);
  return materialize(cleanKeys(findStateDict(root, key)));
}

/** Reads a checkpoint since version 1.6: a ZIP file with a pickle and the storages. @returns The saved object. */
function readZipCheckpoint(bytes: Uint8Array, verify: boolean): unknown {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    throw new CheckpointError(
      isTar(bytes)
        ? 'The checkpoint is a tar file of PyTorch before 0.4, which is not supported. Convert it in Python: torch.save(torch.load(file, map_location="cpu"), new_file).'
        : 'The file is not a PyTorch checkpoint: it does not begin as a ZIP file, nor in the format before version 1.6.',
    );
  }
  const files = readStoredZip(bytes);
  const pickle = [...files.values()].find(({ name }) => /(^|\/)data\.pkl$/.test(name));
  if (!pickle) {
    throw new CheckpointError(
      `The ZIP file is not a PyTorch checkpoint: it has no data.pkl, only ${[...files.keys()].slice(0, 5).join(', ') || 'nothing'}.`,
    );
  }
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if (verify && !pickle.isIntact())
    throw new CheckpointError('The ZIP file is damaged: the CRC-32 of data.pkl differs.');
  const order = files.get(`${folder}byteorder`);
  const byteOrder = order ? new TextDecoder().decode(order.bytes.subarray(0, 20)) : 'little';
  if (byteOrder !== 'little' && byteOrder !== 'big') throw damaged(`its byte order is "${byteOrder}"`);
  return readTorchPickle(pickle.bytes, (key, dtype, length) => {
    const entry = files.get(`${folder}data/${key}`);
    if (!entry) throw damaged(`it has no file data/${key}`);
    return new TorchStorage(dtype, length, entry, { bigEndian: byteOrder === 'big', verify });
  }).value;
}

/** Returns whether a file is a tar archive, as torch.save wrote before version 0.4. */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length > 262 && String.fromCharCode(...bytes.subarray(257, 262)) === 'ustar';
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
    `The checkpoint has no state dict: it has ${keysOf(root)}. Set "key" to the key of the state dict.`,
  );
}

function keysOf(value: unknown): string {
  if (!(value instanceof Map)) return describe(value);
  const keys = [...value.keys()]
    .slice(0, 10)
    .map((key) => (typeof key === 'string' ? `"${key}"` : describe(key)));
  return `the keys ${keys.join(', ')}${value.size > 10 ? ', …' : ''}`;
}

/** Checks the entries of a state dict, and removes the prefixes of their keys. */
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
        data: tensor.storage.read(tensor),
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
    ] ?? 'not a plain value'
  );
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The checkpoint is damaged: ${what}.`);
}
