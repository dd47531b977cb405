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
import { CheckpointError, readOnnxInitializers, readTorchCheckpoint } from '../src/index.js';
import { readStoredZip } from '../src/readers/stored-zip.js';
import { mutate } from './mutate.js';
import type { FuzzRandom } from './random.js';
import { writeStoredZip } from './zip.js';

/** A reader under test, and how its inputs are made. */
export interface FuzzFormat {
  read(bytes: Uint8Array): StateDict;
  /** The one error that it may end with. */
  error: new (
    message: string,
  ) => Error;
  /**
   * Bytes that an honest result may hold for each of its file: the values themselves; of a checkpoint's storage also up to four
   * copies of strided windows; of ONNX an int64 of eight bytes for a varint of one.
   */
  heldPerByte: number;
  /** Bytes of objects that a byte of the file may honestly cost: one instruction of a pickle makes a dict, a Map of 300 bytes. */
  objectsPerByte: number;
  /** A changed file. */
  input(random: FuzzRandom): Uint8Array;
}

export type FormatName = 'safetensors' | 'pth' | 'onnx';

/**
 * The three readers.
 * @param checkpoints Whole PyTorch checkpoints, as Python wrote them: pth starts from these.
 */
export function fuzzFormats(checkpoints: readonly Uint8Array[]): Record<FormatName, FuzzFormat> {
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
      input: (random) => changedSafetensors(random, safetensors),
    },
    pth: {
      read: (bytes) => readTorchCheckpoint(bytes),
      error: CheckpointError,
      heldPerByte: 5,
      objectsPerByte: 350,
      input: (random) => changedCheckpoint(random, checkpoints),
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

/** @throws Error when a result is no sound state dict, or holds more than its file could. */
export function checkResult(tensors: StateDict, honestBytes: number): void {
  const buffers = new Set<ArrayBufferLike>();
  for (const [name, { dtype, shape, data }] of tensors) {
    const count = shape.reduce((a, b) => a * b, 1);
    if (!(data instanceof arrayTypeOf(dtype)!) || data.length !== count)
      throw new Error(`"${name}" (${dtype} [${shape}]) has a ${data.constructor.name} of ${data.length}`);
    buffers.add(data.buffer);
  }
  const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (held > honestBytes)
    throw new Error(`it gave ${held} bytes of values, where the file has ${honestBytes} at most`);
}

function expectRoundTrip(tensors: StateDict): void {
  const again = readSafetensors(writeSafetensors(tensors)).tensors;
  for (const [name, tensor] of tensors) {
    const other = again.get(name);
    if (!other || String(other.shape) !== String(tensor.shape) || !sameBytes(other.data, tensor.data))
      throw new Error(`"${name}" changes when it is written and read again`);
  }
}

function sameBytes(a: HostTensor['data'], b: HostTensor['data']): boolean {
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

/** Half of the time only the header, whose size is then made right again: damage beyond the size's check. */
function changedSafetensors(random: FuzzRandom, seeds: readonly Uint8Array[]): Uint8Array {
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

/** Mostly one file inside, with the ZIP file made right around it: damage beyond the checksums. */
function changedCheckpoint(random: FuzzRandom, seeds: readonly Uint8Array[]): Uint8Array {
  const seed = random.pick(seeds);
  const isZip = (bytes: Uint8Array) => bytes[0] === 0x50;
  if (!isZip(seed) || random.below(3) === 0) return mutate(seed, random, seeds);
  const files = [...readStoredZip(seed).values()].map(({ name, bytes }): [string, Uint8Array] => [
    name,
    bytes,
  ]);
  const pickles = seeds
    .filter(isZip)
    .map((bytes) => [...readStoredZip(bytes).values()].find(isPickle)!.bytes);
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

/** A TensorProto. */
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

/** A NodeProto; a Constant's has a tensor, a Conv's may have strides. */
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

/** A ModelProto. */
export function model(nodes: Uint8Array[], initializers: Uint8Array[]): Uint8Array {
  const writer = new BinaryWriter().tag(1, 0).int64(8).tag(2, 2).string('fuzz').tag(7, 2).fork();
  for (const bytes of nodes) writer.tag(1, 2).bytes(bytes);
  writer.tag(2, 2).string('graph');
  for (const bytes of initializers) writer.tag(5, 2).bytes(bytes);
  return writer.join().finish();
}
