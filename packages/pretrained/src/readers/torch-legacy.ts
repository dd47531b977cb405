import { arrayTypeOf } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { type PickleOptions, readPickle } from './pickle.js';
import { readTorchPickle } from './torch-pickle.js';
import { type StorageFile, TorchStorage } from './torch-storages.js';

// torch.serialization's MAGIC_NUMBER and PROTOCOL_VERSION.
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

const plain: PickleOptions = {
  globals: new Map(),
  persistentLoad: () => {
    throw damaged('it has a storage before its tensors');
  },
};

/** Whether a file begins as torch.save wrote before 1.6: with the pickle of a magic number. */
export function isLegacy([a, , c, d]: Uint8Array): boolean {
  return a === 0x80 && c === 0x8a && d === 0x0a;
}

/**
 * What torch.save was given, of a file from before 1.6 (or with `_use_new_zipfile_serialization=False`): pickles of a magic
 * number, a version, facts of the machine, the value itself and the keys of its storages; then each storage, the number of its
 * values before it, little-endian.
 * @throws CheckpointError for what is damaged, cut off, or neither a tensor nor a plain value.
 * @see torch.serialization._legacy_load.
 */
export function readLegacyCheckpoint(bytes: Uint8Array): unknown {
  let at = 0;
  const after = ({ value, end }: { value: unknown; end: number }) => {
    at += end;
    return value;
  };
  const next = () => after(readPickle(bytes.subarray(at), plain));
  if (next() !== MAGIC) throw damaged('its magic number is another');
  const protocol = next();
  if (protocol !== PROTOCOL) throw damaged(`its version is ${protocol}, not ${PROTOCOL}`);
  next();
  const storages = new Map<string, TorchStorage>();
  const contents = new Map<string, Uint8Array>();
  const root = after(
    readTorchPickle(bytes.subarray(at), (key, dtype, length) => {
      const storage = new TorchStorage(dtype, length, fileOf(key, contents), {});
      storages.set(key, storage);
      return storage;
    }),
  );
  const keys = next();
  if (!Array.isArray(keys)) throw damaged('it does not list its storages');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys) {
    const storage = storages.get(key);
    if (!storage || contents.has(key)) throw damaged('it lists a storage that it does not have');
    const begin = at + 8;
    const end = begin + storage.length * arrayTypeOf(storage.dtype)!.BYTES_PER_ELEMENT;
    if (!(end <= bytes.length)) throw damaged(`it ends before storage ${key} does: it is cut off`);
    if (view.getBigInt64(at, true) !== BigInt(storage.length))
      throw damaged(`storage ${key} has another number of values than its tensors say`);
    contents.set(key, bytes.subarray(begin, end));
    at = end;
  }
  return root;
}

/** A storage's place in the file, which is known once all tensors are. */
function fileOf(key: string, contents: Map<string, Uint8Array>): StorageFile {
  return {
    name: key,
    get bytes() {
      const found = contents.get(key);
      if (!found) throw damaged(`it has no storage ${key}`);
      return found;
    },
    // The format has no checksums.
    isIntact: () => true,
  };
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The checkpoint is damaged: ${what}.`);
}
