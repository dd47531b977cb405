import { BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  arrayTypeOf,
  float32,
  type HostTensor,
  readSafetensors,
  SafetensorsError,
  type StateDict,
  writeSafetensors,
} from '@unitsphere/core';
import { mutate } from '@unitsphere/testing/fuzz/mutate';
import type { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { CheckpointError, readOnnxInitializers } from '../src/index.js';
import { readStoredZip } from '../src/readers/stored-zip.js';
import { readTorchFile } from '../src/readers/torch-checkpoint.js';
import { writeStoredZip } from './zip.js';

/** Reader under test, and the generator of its inputs. */
export interface FuzzFormat {
  read(bytes: Uint8Array): StateDict;
  /** The only error class that the reader may throw. */
  error: new (
    message: string,
  ) => Error;
  /**
   * Limit of the bytes of values per byte of the file. A checkpoint's storage may be held once and copied up to four times for
   * strided tensors. In ONNX, a varint of one byte may become an int64 of eight.
   */
  heldPerByte: number;
  /** Limit of the bytes of objects per byte of the file. One instruction of a pickle creates a dict, a Map of 300 bytes. */
  objectsPerByte: number;
  /** Generates a mutated file. */
  input(random: FuzzRandom): Uint8Array;
}

export type FormatName = 'safetensors' | 'pth' | 'onnx';

/**
 * Returns the three readers under test.
 * @param checkpoints PyTorch checkpoints that are mutated for `pth`.
 */
export function createFuzzFormats(checkpoints: readonly Uint8Array[]): Record<FormatName, FuzzFormat> {
  const safetensors = safetensorsSeeds();
  const onnx = onnxSeeds();
  return {
    safetensors: {
      read: (bytes) => {
        const { tensors } = readSafetensors(bytes);
        expectRoundTrip(tensors);
        return tensors;
      },
      error: SafetensorsError,
      heldPerByte: 1,
      objectsPerByte: 50,
      input: (random) => mutateSafetensors(random, safetensors),
    },
    pth: {
      // In proportion to the file, so that the limit of its memory holds.
      read: (bytes) => readTorchFile(bytes, {}, bytes.length / 16),
      error: CheckpointError,
      heldPerByte: 5,
      objectsPerByte: 350,
      input: (random) => mutateCheckpoint(random, checkpoints),
    },
    onnx: {
      read: readOnnxInitializers,
      error: CheckpointError,
      heldPerByte: 8,
      objectsPerByte: 50,
      input: (random) => mutate(random.pick(onnx), random, onnx),
    },
  };
}

/** Checks a reader's result. @throws Error if it is not a valid state dict, or has more than `maxBytes` bytes of values. */
export function checkResult(tensors: StateDict, maxBytes: number): void {
  const buffers = new Set<ArrayBufferLike>();
  for (const [name, { dtype, shape, data }] of tensors) {
    const count = shape.reduce((a, b) => a * b, 1);
    if (!(data instanceof arrayTypeOf(dtype)) || data.length !== count)
      throw new Error(`"${name}" (${dtype} [${shape}]) has a ${data.constructor.name} of ${data.length}`);
    buffers.add(data.buffer);
  }
  const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (held > maxBytes)
    throw new Error(`it returned ${held} bytes of values, but the file allows at most ${maxBytes}`);
}

function expectRoundTrip(tensors: StateDict): void {
  const again = readSafetensors(writeSafetensors(tensors)).tensors;
  for (const [name, tensor] of tensors) {
    const other = again.get(name);
    if (!other || String(other.shape) !== String(tensor.shape) || !hasSameBytes(other.data, tensor.data))
      throw new Error(`"${name}" changes in a round trip`);
  }
}

function hasSameBytes(a: HostTensor['data'], b: HostTensor['data']): boolean {
  const [x, y] = [a, b].map((data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

const values = (count: number) => Float32Array.from({ length: count }, (_, i) => i / 4 - 1);

function safetensorsSeeds(): Uint8Array[] {
  return [
    writeSafetensors(
      new Map([
        ['conv.weight', float32([2, 3, 1, 1], values(6))],
        ['bn.weight', float32([2], values(2))],
        ['bn.num_batches_tracked', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
        ['half', { dtype: 'F16', shape: [1, 3], data: Uint16Array.of(0, 15360, 64512) }],
        ['flags', { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) }],
        ['empty', float32([0, 3], values(0))],
      ]),
      { format: 'pt', note: 'ä' },
    ),
    writeSafetensors(new Map([['0', float32([4], values(4))]])),
    writeSafetensors(new Map()),
  ];
}

/** Mutates the whole file, or in half of all cases only the header, with a correct size so that later checks are reached. */
function mutateSafetensors(random: FuzzRandom, seeds: readonly Uint8Array[]): Uint8Array {
  const seed = random.pick(seeds);
  if (random.below(2)) return mutate(seed, random, seeds);
  const end = 8 + Number(new DataView(seed.buffer, seed.byteOffset).getBigUint64(0, true));
  const header = mutate(seed.slice(8, end), random, [seed.slice(8, end)]);
  const bytes = new Uint8Array(8 + header.length + seed.length - end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(seed.subarray(end), 8 + header.length);
  return bytes;
}

/** Mutates the whole file, or mostly one file inside, with a valid ZIP file around it so that later checks are reached. */
function mutateCheckpoint(random: FuzzRandom, seeds: readonly Uint8Array[]): Uint8Array {
  const seed = random.pick(seeds);
  const isZip = (bytes: Uint8Array) => bytes[0] === 0x50;
  if (!isZip(seed) || random.below(3) === 0) return mutate(seed, random, seeds);
  const files = [...readStoredZip(seed).values()].map(({ name, bytes }): [string, Uint8Array] => [
    name,
    bytes,
  ]);
  const pickles = seeds
    .filter(isZip)
    .flatMap((bytes) => [...readStoredZip(bytes).values()].filter(isPickle).map((file) => file.bytes));
  const isTarget = (file: { name: string }) =>
    random.below(6) === 0 ? random.below(3) === 0 : isPickle(file);
  return writeStoredZip(
    files.map(([name, bytes]) => [name, isTarget({ name }) ? mutate(bytes, random, pickles) : bytes]),
  );
}

function isPickle({ name }: { name: string }): boolean {
  return name.endsWith('data.pkl');
}

function onnxSeeds(): Uint8Array[] {
  const raw = (floats: Float32Array) => new Uint8Array(floats.buffer);
  const kernel = tensor('conv.weight', 1, [2, 3, 1, 1], (w) => w.tag(9, 2).bytes(raw(values(6))));
  const floats = tensor('bn.weight', 1, [2], (w) => {
    w.tag(4, 2).fork();
    for (const value of values(2)) w.float(value);
    return w.join();
  });
  const longs = tensor('shape', 7, [3], (w) => {
    w.tag(7, 2).fork().int64(1).int64(-1).int64(64);
    return w.join();
  });
  const unpacked = tensor('bytes', 2, [2], (w) => w.tag(5, 0).int32(3).tag(5, 0).int32(255));
  const doubles = tensor('doubles', 11, [1], (w) => {
    w.tag(10, 2).fork().double(0.5);
    return w.join();
  });
  const half = tensor('half', 10, [], (w) => {
    w.tag(5, 2).fork().int32(15360);
    return w.join();
  });
  const constant = node('Constant', [], ['constant'], {
    value: tensor('', 1, [1], (w) => w.tag(9, 2).bytes(raw(values(1)))),
  });
  const conv = node('Conv', ['x', 'conv.weight'], ['y'], { strides: [2, 1] });
  return [
    model([constant, conv], [kernel, floats, longs]),
    model([conv], [unpacked, doubles, half]),
    model([], [kernel]),
  ];
}

/** Encodes a TensorProto. */
export function tensor(
  name: string,
  type: number,
  dims: number[],
  fill: (writer: BinaryWriter) => BinaryWriter,
): Uint8Array {
  const writer = new BinaryWriter();
  for (const dim of dims) writer.tag(1, 0).int64(dim);
  writer.tag(2, 0).int32(type);
  writer.tag(8, 2).string(name);
  return fill(writer).finish();
}

/** Encodes a NodeProto, with the tensor of a Constant or the strides of a Conv. */
export function node(
  type: string,
  inputs: string[],
  outputs: string[],
  { value, strides }: { value?: Uint8Array; strides?: number[] } = {},
): Uint8Array {
  const writer = new BinaryWriter();
  for (const input of inputs) writer.tag(1, 2).string(input);
  for (const output of outputs) writer.tag(2, 2).string(output);
  writer.tag(4, 2).string(type);
  if (value)
    writer.tag(5, 2).fork().tag(1, 2).string('value').tag(5, 2).bytes(value).tag(20, 0).int32(4).join();
  if (strides) {
    writer.tag(5, 2).fork().tag(1, 2).string('strides').tag(20, 0).int32(7);
    for (const stride of strides) writer.tag(8, 0).int64(stride);
    writer.join();
  }
  return writer.finish();
}

/** Encodes a ModelProto. */
export function model(nodes: Uint8Array[], initializers: Uint8Array[]): Uint8Array {
  const writer = new BinaryWriter().tag(1, 0).int64(8).tag(2, 2).string('fuzz').tag(7, 2).fork();
  for (const bytes of nodes) writer.tag(1, 2).bytes(bytes);
  writer.tag(2, 2).string('graph');
  for (const bytes of initializers) writer.tag(5, 2).bytes(bytes);
  return writer.join().finish();
}
