import { arrayTypeOf } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';
import { type PickleOptions, readPickle } from './pickle.js';
import { readTorchPickle } from './torch-pickle.js';
import { type Expansion, type StorageFile, TorchStorage } from './torch-storages.js';

// torch.serialization's MAGIC_NUMBER and PROTOCOL_VERSION.
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

const plain: PickleOptions = {
  globals: new Map(),
  persistentLoad: () => {
    throw damaged('it has a storage before its tensors');
  },
};

/** Returns whether a file has the format before version 1.6, which begins with the pickle of a magic number. */
export function isLegacy(bytes: Uint8Array): boolean {
  // Since protocol 4, a frame of 9 bytes precedes the number.
  const at = bytes[2] === 0x95 ? 11 : 2;
  return bytes[0] === 0x80 && bytes[at] === 0x8a && bytes[at + 1] === 0x0a;
}

/**
 * Reads a checkpoint in the format before version 1.6 (or of `_use_new_zipfile_serialization=False`). It consists of pickles of
 * a magic number, a version, system information, the saved object and the keys of its storages. The storages follow, each as
 * its number of values and its little-endian values.
 * @returns The saved object.
 * @throws CheckpointError if it is damaged or truncated, or contains other objects than tensors and plain values.
 * @see torch.serialization._legacy_load.
 */
export function readLegacyCheckpoint(bytes: Uint8Array, expansion: Expansion): unknown {
  let at = 0;
  const after = ({ value, end }: { value: unknown; end: number }) => {
    at += end;
    return value;
  };
  const next = () => after(readPickle(bytes.subarray(at), plain));
  if (next() !== MAGIC) throw damaged('its magic number differs');
  const protocol = next();
  if (protocol !== PROTOCOL) throw damaged(`its version is ${protocol}, not ${PROTOCOL}`);
  next();
  const storages = new Map<string, { length: number; bytesPerValue: number }>();
  const contents = new Map<string, Uint8Array>();
  const root = after(
    readTorchPickle(
      bytes.subarray(at),
      (key, dtype, length) => {
        storages.set(key, { length, bytesPerValue: arrayTypeOf(dtype).BYTES_PER_ELEMENT });
        return new TorchStorage(dtype, length, fileOf(key, contents), { expansion });
      },
      (key, length, bytesPerValue) => storages.set(key, { length, bytesPerValue }),
    ),
  );
  const keys = next();
  if (!Array.isArray(keys)) throw damaged('it does not list its storages');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys) {
    const storage = storages.get(key);
    if (!storage || contents.has(key)) throw damaged('it lists a storage that no tensor has, or one twice');
    const begin = at + 8;
    const end = begin + storage.length * storage.bytesPerValue;
    if (!(end <= bytes.length)) throw damaged(`storage ${key} exceeds the file: it is truncated`);
    if (view.getBigInt64(at, true) !== BigInt(storage.length))
      throw damaged(`storage ${key} has another number of values than in the pickle`);
    contents.set(key, bytes.subarray(begin, end));
    at = end;
  }
  return root;
}

/** Returns a storage whose bytes are looked up in `contents`, which is filled after the pickle is read. */
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
