import { arrayTypeOf, type HostDtype, type HostTensor } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';

/** Dtypes of the supported storage classes, by their names in torch. */
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

/** Bytes of a storage in the file. */
export interface StorageFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Returns whether the bytes have the checksum in the file. */
  isIntact(): boolean;
}

/** Tensor as torch.save describes it: a strided view of a storage. Its values are read only on demand. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {}
}

/** Tensor that cannot be represented: of an unsupported dtype, sparse, or quantized. */
export class UnreadTensor {
  /** @param dtype Dtype or kind, for messages. */
  constructor(readonly dtype: string) {}
}

/** Storage of an unsupported dtype. */
export class UnreadStorage {
  constructor(
    readonly dtype: string,
    /** Number of values. */
    readonly length: number,
  ) {}
}

/** Number of values that the expanded tensors of a file may still have. */
export interface Expansion {
  left: number;
}

/** Options of a storage. */
export interface StorageOptions {
  bigEndian?: boolean;
  verify?: boolean;
  expansion: Expansion;
}

/** Flat values that one or more tensors view. */
export class TorchStorage {
  #values?: HostTensor['data'];
  readonly #copies = new Map<string, HostTensor['data']>();
  #copied = 0;

  readonly #file: StorageFile;
  readonly #options: StorageOptions;

  constructor(
    readonly dtype: HostDtype,
    /** Number of values. */
    readonly length: number,
    file: StorageFile,
    options: StorageOptions,
  ) {
    this.#file = file;
    this.#options = options;
  }

  /**
   * Reads a tensor's values. Contiguous tensors share the storage's memory, as in torch; others are copied, up to a limit that
   * no valid checkpoint reaches. Expanded tensors, which repeat values, are copied in full.
   */
  read({ offset, shape, strides }: TorchTensor): HostTensor['data'] {
    const count = shape.reduce((a, b) => a * b, 1);
    if (count === 0) return new (arrayTypeOf(this.dtype))(0);
    const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i], offset);
    if (!(last < this.length)) {
      throw new CheckpointError(
        `A tensor of shape [${shape}] and strides [${strides}] from ${offset} exceeds its storage of ${this.length} values.`,
      );
    }
    const values = this.#load();
    if (isContiguous(shape, strides)) return values.subarray(offset, offset + count) as HostTensor['data'];
    const key = `${offset};${shape};${strides}`;
    const known = this.#copies.get(key);
    if (known) return known;
    if (count > this.length) {
      const { expansion } = this.#options;
      if (!(count <= expansion.left)) {
        throw new CheckpointError(
          `A tensor of shape [${shape}] repeats the values of a storage of ${this.length} (torch's expand), and the file has too many such values. In Python, save tensor.contiguous().`,
        );
      }
      expansion.left -= count;
    } else {
      this.#copied += count;
      if (this.#copied > 4 * this.length)
        throw new CheckpointError('Too many strided tensors share a storage: the checkpoint is damaged.');
    }
    const copy = gather(values, offset, shape, strides, count);
    this.#copies.set(key, copy);
    return copy;
  }

  #load(): HostTensor['data'] {
    if (this.#values) return this.#values;
    const { bytes, name } = this.#file;
    const Type = arrayTypeOf(this.dtype);
    const expected = this.length * Type.BYTES_PER_ELEMENT;
    if (bytes.byteLength !== expected) {
      throw new CheckpointError(
        `The storage "${name}" of ${this.length} values (${this.dtype}) requires ${expected} bytes, but has ${bytes.byteLength}.`,
      );
    }
    if (this.#options.verify && !this.#file.isIntact()) {
      throw new CheckpointError(
        `The values in "${name}" are damaged: their CRC-32 differs. Download the file again; if it was written with set_crc32_options(False), it has no checksums: set verify to false.`,
      );
    }
    const copy = new Uint8Array(bytes);
    if (this.#options.bigEndian) reverseEach(copy, Type.BYTES_PER_ELEMENT);
    this.#values = new Type(copy.buffer);
    return this.#values;
  }
}

/** Returns whether the values are contiguous in row-major order. */
function isContiguous(shape: number[], strides: number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i];
  }
  return true;
}

/** Copies the values of a strided view in row-major order. */
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

/** Reverses the bytes of each value. */
function reverseEach(bytes: Uint8Array, size: number): void {
  if (size > 1) for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
