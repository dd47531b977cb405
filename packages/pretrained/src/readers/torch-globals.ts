import { CheckpointError } from './checkpoint-error.js';
import type { Global } from './pickle.js';
import { STORAGE_DTYPES, TorchStorage, TorchTensor, UnreadStorage, UnreadTensor } from './torch-storages.js';

const MAX_DIMENSIONS = 64;
// An item of a list takes at least this many bytes in a pickle.
const MIN_ITEM_BYTES = 4;

/** Storage class in a pickle. */
export class StorageType {
  constructor(readonly name: string) {}
}

// Dtypes of storage classes that no dtype here represents, with the bytes of each value.
const UNREAD_STORAGES: Readonly<Record<string, readonly [dtype: string, bytes: number]>> = {
  'torch.ComplexFloatStorage': ['complex64', 8],
  'torch.ComplexDoubleStorage': ['complex128', 16],
  'torch.QInt8Storage': ['qint8', 1],
  'torch.QUInt8Storage': ['quint8', 1],
  'torch.QInt32Storage': ['qint32', 4],
  'torch.QUInt4x2Storage': ['quint4x2', 1],
  'torch.QUInt2x4Storage': ['quint2x4', 1],
  'torch.storage.UntypedStorage': ['bytes', 1],
};

// Objects that a checkpoint may contain, but that no tensor requires.
const CONSTANTS = [
  ...['float16', 'float32', 'float64', 'bfloat16', 'complex32', 'complex64', 'complex128', 'bool'],
  ...['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'],
  ...[
    'qint8',
    'quint8',
    'qint32',
    'quint4x2',
    'quint2x4',
    'bits8',
    'bits16',
    'bits1x8',
    'bits2x4',
    'bits4x2',
  ],
  ...['float8_e4m3fn', 'float8_e4m3fnuz', 'float8_e5m2', 'float8_e5m2fnuz', 'float8_e8m0fnu'],
  ...['float4_e2m1fn_x2'],
  ...['per_tensor_affine', 'per_tensor_symmetric', 'per_channel_affine', 'per_channel_symmetric'],
  ...['per_channel_affine_float_qparams', 'Tensor', 'nn.parameter.Parameter'],
].map((name) => `torch.${name}`);

interface Named {
  storageType?: StorageType;
  /** Name of a constant, such as `torch.float16`. */
  constant?: string;
}

/** Returns the storage class that a global represents; undefined for another value. */
export const storageTypeOf = (value: unknown): StorageType | undefined =>
  (value as Named | null | undefined)?.storageType;

/** Returns the dtype and bytes per value of a storage class whose values are not read; undefined if they are read. */
export const unreadStorageOf = ({ name }: StorageType): readonly [string, number] | undefined =>
  Object.hasOwn(UNREAD_STORAGES, name) ? UNREAD_STORAGES[name] : undefined;

/** Returns the name of torch's constant, such as `float16`; undefined for another value. */
export const constantName = (value: unknown): string | undefined =>
  (value as Named | null | undefined)?.constant?.replace('torch.', '');

/** Device in a checkpoint, as `torch.device`. */
export class TorchDevice {
  constructor(
    readonly type: string,
    readonly index: number | null,
  ) {}
}

/**
 * Returns the functions and classes that a checkpoint may refer to: those that `torch.load(weights_only=True)` allows, except
 * for tensors of other devices and nested tensors. Tensors that cannot be represented become an `UnreadTensor`.
 * @param bytes Size of the pickle. It limits how many items containers may copy from lists.
 */
export function torchGlobals(bytes: number): ReadonlyMap<string, Global> {
  let left = Math.ceil(bytes / MIN_ITEM_BYTES);
  /** Limits copies of lists: a pickle could copy one list any number of times. */
  const spend = (count: number) => {
    left -= count;
    if (left < 0) throw damaged('its containers have more items than the file has values');
  };

  const orderedDict: Global = (items) => {
    if (items === undefined) return new Map();
    if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2))
      throw damaged('an OrderedDict is not built from pairs');
    spend(items.length);
    return new Map(items as [unknown, unknown][]);
  };
  const set: Global = (items) => {
    if (items !== undefined && !Array.isArray(items)) throw damaged('a set is not built from a list');
    spend(items?.length ?? 0);
    return new Set(items);
  };
  const encode: Global = (text) => {
    if (typeof text !== 'string') throw damaged('bytes are not built from text');
    spend(Math.ceil(text.length / MIN_ITEM_BYTES));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  };
  const byteArray: Global = (content) => {
    if (content === undefined) return new Uint8Array();
    return content instanceof Uint8Array ? content : encode(content);
  };
  const fromType: Global = (rebuild, _type, args) => {
    if (typeof rebuild !== 'function' || rebuild === fromType || !Array.isArray(args))
      throw damaged('a tensor is not described as by torch.save');
    return rebuild(...args.slice(0, 16));
  };

  return new Map<string, Global>([
    ['collections.OrderedDict', orderedDict],
    ['collections.Counter', (counts) => (counts instanceof Map ? counts : new Map())],
    ...['builtins', '__builtin__'].flatMap((module): [string, Global][] => [
      [`${module}.set`, set],
      [`${module}.frozenset`, set],
      [`${module}.bytes`, byteArray],
      [`${module}.bytearray`, byteArray],
      [`${module}.complex`, (re, im) => Object.freeze([re, im])],
    ]),
    ['_codecs.encode', encode],
    ['torch.Size', (sizes) => sizes ?? Object.freeze([])],
    ['torch.device', (type, index = null) => new TorchDevice(String(type), index as number | null)],
    ['torch.serialization._get_layout', (name) => name],
    ['torch._utils._rebuild_tensor', rebuildTensor],
    ['torch._utils._rebuild_tensor_v2', rebuildTensor],
    ['torch._utils._rebuild_tensor_v3', rebuildTypedTensor],
    ['torch._utils._rebuild_parameter', rebuildParameter],
    ['torch._utils._rebuild_parameter_with_state', rebuildParameter],
    ['torch._utils._rebuild_sparse_tensor', () => new UnreadTensor('sparse')],
    ['torch._utils._rebuild_qtensor', (storage) => new UnreadTensor(`quantized (${dtypeOf(storage)})`)],
    ['torch._utils._rebuild_meta_tensor_no_storage', () => new UnreadTensor('without values (meta device)')],
    ['torch._tensor._rebuild_from_type_v2', fromType],
    ...Object.keys(STORAGE_DTYPES).map((name): [string, Global] => [
      `torch.${name}`,
      createUncallable({ storageType: new StorageType(name) }),
    ]),
    ...Object.keys(UNREAD_STORAGES).map((name): [string, Global] => [
      name,
      createUncallable({ storageType: new StorageType(name) }),
    ]),
    ...CONSTANTS.map((constant): [string, Global] => [constant, createUncallable({ constant })]),
  ]);
}

const createUncallable = (named: Named): Global => Object.assign(() => refuseCall(), named);

function refuseCall(): never {
  throw damaged('it calls a class');
}

const rebuildTensor: Global = (storage, offset, size, stride) => {
  if (storage instanceof UnreadStorage) return new UnreadTensor(storage.dtype);
  if (!(storage instanceof TorchStorage)) throw damaged('a tensor has no storage');
  const shape = toCounts(size, 'shape');
  const strides = toCounts(stride, 'strides');
  if (shape.length !== strides.length || shape.length > MAX_DIMENSIONS)
    throw damaged(`a tensor has ${shape.length} dimensions and ${strides.length} strides`);
  return new TorchTensor(storage, toCount(offset, 'offset'), shape, strides);
};

/** Rebuilds a tensor of a dtype without a storage class. */
const rebuildTypedTensor: Global = (_storage, _offset, _size, _stride, _grad, _hooks, dtype) =>
  new UnreadTensor(constantName(dtype) ?? 'of an unknown dtype');

const rebuildParameter: Global = (tensor) => {
  if (!(tensor instanceof TorchTensor || tensor instanceof UnreadTensor))
    throw damaged('a parameter is not a tensor');
  return tensor;
};

function dtypeOf(storage: unknown): string {
  return storage instanceof UnreadStorage || storage instanceof TorchStorage ? storage.dtype : 'unknown';
}

/** Returns a size in a pickle as a number. @param role What it is, for the message. */
export function toCount(value: unknown, role: string): number {
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
