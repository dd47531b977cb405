/**
 * Reads the golden files that tools/golden/make.py writes, for the packages' tests.
 * Tensors are in PyTorch's layout: images NCHW, convolution kernels OIHW, Linear weights [out, in].
 */
import { readFileSync } from 'node:fs';

/** A tensor of a golden file. The data of a hash-filled tensor is computed when `data` is first read. */
export interface GoldenTensor {
  /** The shape of the whole tensor, even if only a sample is stored. */
  readonly shape: number[];
  readonly dtype: 'float32' | 'int32' | 'int64' | 'uint8';
  /** Row-major values, or every `sampled.every`-th one of a sampled tensor. int64 and uint8 values are in an Int32Array. */
  readonly data: Float32Array | Int32Array;
  /** If only a sample is stored: the step between samples, and the L2 norm of the whole tensor. */
  readonly sampled?: { readonly every: number; readonly norm: number };
  /** If the values are a small remainder of canceling terms: the size of the terms, to which errors are relative. */
  readonly scale?: number;
}

/** A decoded value of a golden file. */
export type GoldenValue =
  | GoldenTensor
  | string
  | number
  | boolean
  | null
  | GoldenValue[]
  | { [key: string]: GoldenValue };

/** A case of a golden file, if the test gives no type for it. */
export type GoldenCase = { name: string } & { [key: string]: GoldenValue };

/** A golden file: its description and its cases. */
export interface Golden<Case> {
  about: string;
  cases: Case[];
}

/**
 * Reads the golden file of a subject ('conv', 'losses', …) and decodes its tensors.
 * @throws Error if the file does not exist or has a value that cannot be decoded.
 */
export function readGolden<Case extends { name: string } = GoldenCase>(name: string): Golden<Case> {
  return readGoldenFile<Case>(new URL(`../../../golden/files/${name}.json`, import.meta.url));
}

/** Reads a golden file at any path, such as the output of check_timm.py. */
export function readGoldenFile<Case extends { name: string } = GoldenCase>(path: string | URL): Golden<Case> {
  const json = JSON.parse(readFileSync(path, 'utf8'));
  return { about: json.about, cases: decode(json.cases) as Case[] };
}

/**
 * Returns the largest difference over the largest expected value: max|a − e| / (max|e| + 1e-12). NaN if `actual` has a NaN.
 *
 * If `expected` is sampled, pass the whole tensor in PyTorch's order as `actual`. Its samples and its L2 norm are compared,
 * and the larger error is returned. If `expected` has a `scale` above max|e|, it is the divisor.
 * @throws RangeError if the lengths differ.
 */
export function relativeError(
  actual: number | ArrayLike<number>,
  expected: number | ArrayLike<number> | GoldenTensor,
): number {
  const a = typeof actual === 'number' ? [actual] : actual;
  if (typeof expected === 'number') return largestError(a, 1, [expected], 0);
  if (!('shape' in expected)) return largestError(a, 1, expected, 0);
  const count = expected.shape.reduce((product, size) => product * size, 1);
  if (a.length !== count) {
    throw new RangeError(
      `relativeError: actual has ${a.length} values, but [${expected.shape}] has ${count}.`,
    );
  }
  if (!expected.sampled) return largestError(a, 1, expected.data, expected.scale ?? 0);
  const { every, norm } = expected.sampled;
  const normError = largestError([l2Norm(a)], 1, [norm], 0);
  const sampleError = largestError(a, every, expected.data, expected.scale ?? 0);
  return Number.isNaN(normError) ? normError : Math.max(normError, sampleError);
}

/**
 * Computes pseudo-random values, so that files need not store large inputs and weights. Bit-identical to hash_fill of
 * golden.py.
 *
 * bits = mix(index · 0x9E3779B1 XOR mix(seed + 0x9E3779B9)) modulo 2³², where mix is MurmurHash3's finalizer; value =
 * float32((bits / 2³² − 0.5) · (2 · scale) + offset), thus in [offset − scale, offset + scale].
 * @param seed An integer in [0, 2³²).
 * @throws RangeError if `count` is not a non-negative integer or `seed` is out of range.
 */
export function hashFill(count: number, scale: number, seed: number, offset = 0): Float32Array {
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(`hashFill: count must be a non-negative integer, got ${count}.`);
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`hashFill: seed must be an integer in [0, 2^32), got ${seed}.`);
  }
  const start = mix((seed + 0x9e3779b9) | 0);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const bits = mix(Math.imul(index, 0x9e3779b1) ^ start) >>> 0;
    values[index] = (bits / 4294967296 - 0.5) * (2 * scale) + offset;
  }
  return values;
}

/** MurmurHash3's 32-bit finalizer. */
function mix(h: number): number {
  let x = h ^ (h >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}

function largestError(
  actual: ArrayLike<number>,
  every: number,
  expected: ArrayLike<number>,
  scale: number,
): number {
  if (Math.ceil(actual.length / every) !== expected.length) {
    throw new RangeError(
      `relativeError: actual has ${actual.length} values, but one in ${every} should be ${expected.length}.`,
    );
  }
  let difference = 0;
  let largest = scale;
  for (let index = 0; index < expected.length; index++) {
    const error = Math.abs(actual[index * every] - expected[index]);
    if (Number.isNaN(error)) return Number.NaN;
    difference = Math.max(difference, error);
    largest = Math.max(largest, Math.abs(expected[index]));
  }
  return difference / (largest + 1e-12);
}

function l2Norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] * values[index];
  return Math.sqrt(sum);
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

function decode(value: Json): GoldenValue {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== 'object') return value;
  if ('shape' in value && 'hash' in value) return decodeHash(value as unknown as StoredHash);
  if ('shape' in value && 'data' in value) return decodeStored(value as unknown as StoredTensor);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item)]));
}

interface StoredHash {
  shape: number[];
  hash: { count: number; scale: number; seed: number; offset: number };
}

interface StoredTensor extends Omit<GoldenTensor, 'data'> {
  data: string;
}

function decodeHash({ shape, hash }: StoredHash): GoldenTensor {
  let data: Float32Array | undefined;
  return {
    shape,
    dtype: 'float32',
    get data() {
      data ??= hashFill(hash.count, hash.scale, hash.seed, hash.offset);
      return data;
    },
  };
}

function decodeStored({ data, ...rest }: StoredTensor): GoldenTensor {
  const bytes = Buffer.from(data, 'base64');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (rest.dtype === 'float32') {
    return {
      ...rest,
      data: Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true)),
    };
  }
  if (rest.dtype === 'int32') {
    return {
      ...rest,
      data: Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true)),
    };
  }
  if (rest.dtype === 'uint8') return { ...rest, data: Int32Array.from(bytes) };
  if (rest.dtype !== 'int64') throw new Error(`Golden file: a tensor has the unknown dtype '${rest.dtype}'.`);
  const values = Array.from({ length: bytes.length / 8 }, (_, i) => view.getBigInt64(8 * i, true));
  const tooLarge = values.find((item) => item !== BigInt.asIntN(32, item));
  if (tooLarge !== undefined)
    throw new Error(`Golden file: the value ${tooLarge} of an int64 tensor does not fit in 32 bits.`);
  return { ...rest, data: Int32Array.from(values, Number) };
}
