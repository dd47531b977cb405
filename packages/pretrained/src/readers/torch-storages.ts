import { arrayTypeOf, type HostDtype, type HostTensor } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';

/** The storage classes that are read, by their names in torch. */
export const STORAGE_DTYPES: Readonly<Record<string, HostDtype>> = {
  FloatStorage: 'F32',
  DoubleStorage: 'F64',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** Where a storage's values lie. */
export interface StorageFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether they have the checksum that the file says. */
  isIntact(): boolean;
}

/** A tensor as torch.save describes it: a window into a storage. Its values are taken only when asked for. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {}
}

/** The flat values that one or more tensors look at. */
export class TorchStorage {
  #values?: HostTensor['data'];
  readonly #copies = new Map<string, HostTensor['data']>();
  #copied = 0;

  readonly #file: StorageFile;
  readonly #options: { bigEndian?: boolean; verify?: boolean };

  constructor(
    readonly dtype: HostDtype,
    /** Number of values. */
    readonly length: number,
    file: StorageFile,
    options: { bigEndian?: boolean; verify?: boolean },
  ) {
    this.#file = file;
    this.#options = options;
  }

  /**
   * The values of a window. Windows that are whole runs share the storage's memory, as the tensors do in torch; others are
   * copied, and no more of them than any honest checkpoint has.
   */
  window({ offset, shape, strides }: TorchTensor): HostTensor['data'] {
    const count = shape.reduce((a, b) => a * b, 1);
    if (count === 0) return new (arrayTypeOf(this.dtype)!)(0);
    const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i], offset);
    if (!(last < this.length) || !(count <= this.length)) {
      throw new CheckpointError(
        count <= this.length || last >= this.length
          ? `A tensor of shape [${shape}] and strides [${strides}] from ${offset} lies outside its storage of ${this.length} values.`
          : `A tensor of shape [${shape}] repeats the values of a storage of ${this.length} (torch's expand); in Python, save tensor.contiguous().`,
      );
    }
    const values = this.#load();
    if (isRun(shape, strides)) return values.subarray(offset, offset + count) as HostTensor['data'];
    const key = `${offset};${shape};${strides}`;
    const known = this.#copies.get(key);
    if (known) return known;
    this.#copied += count;
    if (this.#copied > 4 * this.length)
      throw new CheckpointError('Too many tensors lie across the same storage: the checkpoint is damaged.');
    const copy = gather(values, offset, shape, strides, count);
    this.#copies.set(key, copy);
    return copy;
  }

  #load(): HostTensor['data'] {
    if (this.#values) return this.#values;
    const { bytes, name } = this.#file;
    const Type = arrayTypeOf(this.dtype)!;
    const needed = this.length * Type.BYTES_PER_ELEMENT;
    if (bytes.byteLength !== needed) {
      throw new CheckpointError(
        `The storage "${name}" of ${this.length} values (${this.dtype}) needs ${needed} bytes, but has ${bytes.byteLength}.`,
      );
    }
    if (this.#options.verify && !this.#file.isIntact()) {
      throw new CheckpointError(
        `The values in "${name}" are damaged: their CRC-32 is not the file's. Get the file again (a checkpoint that was written with set_crc32_options(False) has none: give verify: false).`,
      );
    }
    const copy = new Uint8Array(bytes);
    if (this.#options.bigEndian) reverseEach(copy, Type.BYTES_PER_ELEMENT);
    this.#values = new Type(copy.buffer);
    return this.#values;
  }
}

/** Whether the values lie one after another. */
function isRun(shape: number[], strides: number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i];
  }
  return true;
}

function gather(
  values: HostTensor['data'],
  offset: number,
  shape: number[],
  strides: number[],
  count: number,
) {
  const copy = new (values.constructor as new (length: number) => HostTensor['data'])(count);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    copy[to] = values[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return copy;
}

function reverseEach(bytes: Uint8Array, size: number): void {
  if (size > 1) for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
