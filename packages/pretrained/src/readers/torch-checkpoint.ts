import type { HostTensor, StateDict } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { removeAllPrefixes } from './key-prefixes.js';
import { startsWith } from './starts-with.js';
import { readStoredZip } from './stored-zip.js';
import { constantName, TorchDevice } from './torch-globals.js';
import { isLegacy, readLegacyCheckpoint } from './torch-legacy.js';
import { readTorchPickle } from './torch-pickle.js';
import { type Expansion, TorchStorage, TorchTensor, UnreadTensor } from './torch-storages.js';

/** Options of {@link readTorchCheckpoint}. */
export interface TorchCheckpointOptions {
  /**
   * Key of the state dict in the checkpoint; `a.b` for a nested one. Default: as in timm, the first of `state_dict_ema`,
   * `model_ema`, `state_dict`, `model_state` and `model` that exists, otherwise the checkpoint itself.
   */
  key?: string;
  /** Whether to verify the CRC-32 of the values. Files of versions before 1.6 have none. Default: true. */
  verify?: boolean;
  /** Called for each tensor of an unsupported dtype, which is then skipped. Default: such a tensor is an error. */
  onUnsupported?(name: string, dtype: string): void;
}

// Values that all expanded tensors of a file may have; a few bytes could otherwise claim any amount of memory.
const MAX_EXPANDED = 2 ** 24;
// In the order of timm.models._helpers.load_state_dict.
const WRAPPERS = ['state_dict_ema', 'model_ema', 'state_dict', 'model_state', 'model'];

/**
 * Reads the tensors of a PyTorch checkpoint (.pth, .pt, .bin), in the current format of torch.save or in that before version
 * 1.6. No code in it is executed. As with `torch.load(weights_only=True)`, it may contain only tensors, parameters, dicts,
 * OrderedDicts, Counters, lists, tuples, sets, numbers, text, bytes, and torch's sizes, devices, dtypes and layouts. Unlike
 * there, classes added with `add_safe_globals`, nested tensors, and tensors of other devices' formats are refused.
 *
 * Dense tensors of float32, float64, float16, bfloat16, bool, uint8 and signed integers are read, with any strides. Expanded
 * tensors may have 2^24 values in total. Tensors that share a storage also share memory here, unless they are copied because
 * they are not contiguous. Complex, quantized, sparse, float8 and unsigned 16- to 64-bit tensors are unsupported. The
 * prefixes `module.` and `_orig_mod.` of the keys are removed, as in timm.
 * @returns The values by name, in PyTorch's order and layout; F16 and BF16 as they are stored.
 * @throws CheckpointError for a file that has another format (such as TorchScript), is truncated or damaged, or has no state
 *   dict; for other objects in the pickle; and for unsupported tensors, unless `onUnsupported` is set.
 */
export function readTorchCheckpoint(bytes: Uint8Array, options: TorchCheckpointOptions = {}): StateDict {
  return readTorchFile(bytes, options, MAX_EXPANDED);
}

/** Reads a checkpoint. @param maxExpanded Number of values that all its expanded tensors may have. */
export function readTorchFile(
  bytes: Uint8Array,
  { key, verify = true, onUnsupported }: TorchCheckpointOptions,
  maxExpanded: number,
): StateDict {
  const expansion = { left: maxExpanded };
  const root = isLegacy(bytes)
    ? readLegacyCheckpoint(bytes, expansion)
    : readZipCheckpoint(bytes, verify, expansion);
  return materialize(removeAllPrefixes(checkEntries(findStateDict(root, key))), onUnsupported);
}

/** Reads a checkpoint since version 1.6: a ZIP file with a pickle and the storages. @returns The saved object. */
function readZipCheckpoint(bytes: Uint8Array, verify: boolean, expansion: Expansion): unknown {
  if (!startsWith(bytes, 'PK')) {
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
  if (files.has(`${folder}constants.pkl`)) {
    throw new CheckpointError(
      'The file is a TorchScript archive, which contains a program. In Python, save its weights only: torch.save(torch.jit.load(file, map_location="cpu").state_dict(), new_file).',
    );
  }
  if (verify && !pickle.isIntact())
    throw new CheckpointError('The ZIP file is damaged: the CRC-32 of data.pkl differs.');
  const order = files.get(`${folder}byteorder`);
  const byteOrder = order ? new TextDecoder().decode(order.bytes.subarray(0, 20)) : 'little';
  if (byteOrder !== 'little' && byteOrder !== 'big') throw damaged(`its byte order is "${byteOrder}"`);
  return readTorchPickle(pickle.bytes, (key, dtype, length) => {
    const entry = files.get(`${folder}data/${key}`);
    if (!entry) throw damaged(`it has no file data/${key}`);
    return new TorchStorage(dtype, length, entry, { bigEndian: byteOrder === 'big', verify, expansion });
  }).value;
}

/** Returns whether a file is a tar archive, as torch.save wrote before version 0.4. */
export function isTar(bytes: Uint8Array): boolean {
  return startsWith(bytes, 'ustar', 257);
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
    if ([...root.values()].some(isTensor)) return root;
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

const isTensor = (value: unknown): value is TorchTensor | UnreadTensor =>
  value instanceof TorchTensor || value instanceof UnreadTensor;

/** Checks that the entries of a state dict are tensors with names. */
function checkEntries(state: Map<unknown, unknown>): [string, TorchTensor | UnreadTensor][] {
  return [...state].map(([key, value]) => {
    if (typeof key !== 'string')
      throw new CheckpointError(`The state dict has a key that is ${describe(key)}, not text.`);
    if (!isTensor(value))
      throw new CheckpointError(`"${key}" in the state dict is ${describe(value)}, not a tensor.`);
    return [key, value];
  });
}

function materialize(
  entries: Map<string, TorchTensor | UnreadTensor>,
  onUnsupported: TorchCheckpointOptions['onUnsupported'],
): StateDict {
  const state: StateDict = new Map();
  for (const [name, tensor] of entries) {
    if (tensor instanceof UnreadTensor) {
      if (!onUnsupported)
        throw new CheckpointError(`Tensor "${name}" has the unsupported dtype ${tensor.dtype}.`);
      onUnsupported(name, tensor.dtype);
      continue;
    }
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
  if (isTensor(value)) return 'a tensor';
  if (value instanceof TorchDevice) return 'a device';
  if (constantName(value) !== undefined) return `torch.${constantName(value)}`;
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
