import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { arrayTypeOf, type HostDtype, type HostTensor, type StateDict } from '@unitsphere/core';
import { CheckpointError } from './checkpoint-error.js';

/** Node of a graph, with the fields that matter for weights. */
export interface OnnxNode {
  type: string;
  inputs: string[];
  outputs: string[];
  /** Attribute of a BatchNormalization. */
  epsilon?: number;
  /** Attribute of a Conv. */
  strides?: number[];
}

/** Graph of an ONNX model: its nodes in order, and its constant tensors by name. */
export interface OnnxGraph {
  nodes: OnnxNode[];
  tensors: StateDict;
}

// Supported types of TensorProto.DataType in onnx.proto, and the names of the others.
const DTYPES: Readonly<Record<number, HostDtype>> = {
  1: 'F32',
  2: 'U8',
  3: 'I8',
  5: 'I16',
  6: 'I32',
  7: 'I64',
  9: 'BOOL',
  10: 'F16',
  11: 'F64',
  16: 'BF16',
};
const UNSUPPORTED: Readonly<Record<number, string>> = {
  0: 'undefined',
  4: 'uint16',
  8: 'string',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
  25: 'uint2',
  26: 'int2',
};
const EXTERNAL = 1;
const MAX_DIMENSIONS = 64;

/** Options of {@link readOnnxGraph}. */
export interface OnnxOptions {
  /** Called for each tensor of an unsupported type, which is then skipped. Default: such a tensor is an error. */
  onUnsupported?(name: string, dtype: string): void;
}

/**
 * Reads the part of an ONNX model (onnx.proto) that its weights require: initializers, Constant nodes, and the connections
 * between nodes.
 * @throws CheckpointError for a file that is truncated, damaged or not an ONNX model, and for a tensor that is stored in
 *   another file or has an unsupported type (unless `onUnsupported` is set); the message has its name.
 */
export function readOnnxGraph(bytes: Uint8Array, options: OnnxOptions = {}): OnnxGraph {
  let graph: Uint8Array | undefined;
  try {
    forEachField(bytes, (field, reader, wire) => {
      if (field !== 7) return false;
      if (graph) throw damaged('it has two graphs');
      graph = lengthDelimited(reader, wire);
      return true;
    });
    if (!graph)
      throw new CheckpointError('The file is not an ONNX model, or it is truncated: it has no graph.');
    return readGraph(graph, options);
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw damaged((error as Error).message);
  }
}

function readGraph(bytes: Uint8Array, options: OnnxOptions): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const tensors: StateDict = new Map();
  const add = (bytes: Uint8Array, nameOfOutput?: string) => {
    const { name, tensor } = readTensor(bytes, options, nameOfOutput);
    if (tensors.has(name)) throw damaged(`it has two tensors "${clip(name)}"`);
    if (tensor) tensors.set(name, tensor);
  };
  forEachField(bytes, (field, reader, wire) => {
    if (field === 1) {
      const { value, ...node } = readNode(lengthDelimited(reader, wire));
      if (value && node.outputs.length > 0) add(value, node.outputs[0]);
      else nodes.push(node);
    } else if (field === 5) {
      add(lengthDelimited(reader, wire));
    } else if (field === 15) {
      throw new CheckpointError('The ONNX model has sparse initializers, which are not supported.');
    } else return false;
    return true;
  });
  return { nodes, tensors };
}

/** Reads a NodeProto. `value` is the tensor of a Constant. */
function readNode(bytes: Uint8Array): OnnxNode & { value?: Uint8Array } {
  const node: OnnxNode & { value?: Uint8Array } = { type: '', inputs: [], outputs: [] };
  const attributes: Uint8Array[] = [];
  forEachField(bytes, (field, reader, wire) => {
    if (field === 1) node.inputs.push(text(reader, wire));
    else if (field === 2) node.outputs.push(text(reader, wire));
    else if (field === 4) node.type = text(reader, wire);
    else if (field === 5) attributes.push(lengthDelimited(reader, wire));
    else return false;
    return true;
  });
  for (const attribute of attributes) {
    let name = '';
    let tensor: Uint8Array | undefined;
    let float: number | undefined;
    const ints: number[] = [];
    forEachField(attribute, (field, reader, wire) => {
      if (field === 1) name = text(reader, wire);
      else if (field === 2 && wire === WireType.Bit32) float = reader.float();
      else if (field === 5) tensor = lengthDelimited(reader, wire);
      else if (field === 8) ints.push(...integers(reader, wire));
      else return false;
      return true;
    });
    if (name === 'strides' && ints.length > 0) node.strides = ints;
    if (node.type === 'Constant' && name === 'value' && tensor) node.value = tensor;
    if (name === 'epsilon' && float !== undefined) node.epsilon = float;
  }
  return node;
}

/** Fields of a TensorProto, before its values are decoded. */
interface RawTensor {
  name: string;
  dims: number[];
  type: number;
  location: number;
  external: boolean;
  raw?: Uint8Array;
  /** Typed fields: field number, wire type, and the bytes of a packed field or of one value. */
  typed: { field: number; wire: WireType; bytes: Uint8Array }[];
}

/**
 * Reads a TensorProto.
 * @param nameOfOutput Name to use instead of the tensor's own.
 * @returns The tensor; undefined if its type is not supported and `onUnsupported` is set.
 */
function readTensor(
  bytes: Uint8Array,
  { onUnsupported }: OnnxOptions,
  nameOfOutput?: string,
): { name: string; tensor?: HostTensor } {
  const raw = readRawTensor(bytes);
  const name = nameOfOutput ?? raw.name;
  const where = `Tensor "${clip(name)}" of the ONNX model`;
  const dtype = DTYPES[raw.type];
  if (!dtype) {
    const type = UNSUPPORTED[raw.type] ?? `type ${raw.type}`;
    if (!onUnsupported)
      throw new CheckpointError(`${where} has the unsupported type ${UNSUPPORTED[raw.type] ?? raw.type}.`);
    onUnsupported(name, type);
    return { name };
  }
  if (raw.external || raw.location === EXTERNAL) {
    throw new CheckpointError(
      `${where} is stored in another file, which is not supported. Merge them in Python: onnx.save(onnx.load(file), new_file).`,
    );
  }
  const count = raw.dims.reduce((a, b) => a * b, 1);
  if (raw.dims.length > MAX_DIMENSIONS || !Number.isSafeInteger(count))
    throw new CheckpointError(`${where} has an invalid shape.`);
  return { name, tensor: { dtype, shape: raw.dims, data: decodeValues(raw, dtype, count, where) } };
}

function readRawTensor(bytes: Uint8Array): RawTensor {
  const tensor: RawTensor = { name: '', dims: [], type: 0, location: 0, external: false, typed: [] };
  forEachField(bytes, (field, reader, wire) => {
    if (field === 1) tensor.dims.push(...dimensions(reader, wire));
    else if (field === 2) tensor.type = varint(reader, wire);
    else if (field === 8) tensor.name = text(reader, wire);
    else if (field === 9) {
      if (tensor.raw) throw damaged('a tensor has raw data twice');
      tensor.raw = lengthDelimited(reader, wire);
    } else if (field === 13) {
      lengthDelimited(reader, wire);
      tensor.external = true;
    } else if (field === 14) tensor.location = varint(reader, wire);
    else if (field in TYPED_FIELDS) {
      const start = reader.pos;
      const bytes = wire === WireType.LengthDelimited ? reader.bytes() : reader.skip(wire);
      if (reader.pos === start) throw damaged('a tensor has an empty value');
      tensor.typed.push({ field, wire, bytes });
    } else return false;
    return true;
  });
  return tensor;
}

function dimensions(reader: BinaryReader, wire: WireType): number[] {
  const dims = integers(reader, wire);
  for (const value of dims) {
    if (!Number.isSafeInteger(value) || value < 0) throw damaged(`a tensor has the dimension ${value}`);
  }
  return dims;
}

/** Reads one or more integers of a repeated field, at most one more than a shape may have. */
function integers(reader: BinaryReader, wire: WireType): number[] {
  if (wire === WireType.Varint) return [Number(reader.int64())];
  const values: number[] = [];
  const packed = new BinaryReader(lengthDelimited(reader, wire));
  while (packed.pos < packed.len && values.length <= MAX_DIMENSIONS) values.push(Number(packed.int64()));
  return values;
}

// Types in float_data, int32_data (also for smaller types), int64_data and double_data.
const TYPED_FIELDS: Readonly<Record<number, readonly HostDtype[]>> = {
  4: ['F32'],
  5: ['I32', 'I16', 'I8', 'U8', 'BOOL', 'F16', 'BF16'],
  7: ['I64'],
  10: ['F64'],
};

function decodeValues(
  { raw, typed }: RawTensor,
  dtype: HostDtype,
  count: number,
  where: string,
): HostTensor['data'] {
  const Type = arrayTypeOf(dtype);
  if (raw) {
    if (typed.length) throw new CheckpointError(`${where} has raw and typed values.`);
    const expected = count * Type.BYTES_PER_ELEMENT;
    if (raw.byteLength !== expected)
      throw new CheckpointError(
        `${where} requires ${expected} bytes for its shape, but has ${raw.byteLength}.`,
      );
    // The copy is aligned, and does not keep the whole file in memory.
    return new Type(new Uint8Array(raw).buffer);
  }
  const available = typed.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  // Each value takes at least a byte, so a false claim cannot make the reader allocate more than the file.
  if (available < count)
    throw new CheckpointError(`${where} has too few values for its shape: ${count} are required.`);
  const data = new Type(count) as HostTensor['data'];
  let filled = 0;
  for (const { field, bytes } of typed) {
    if (!TYPED_FIELDS[field].includes(dtype))
      throw new CheckpointError(`${where} has values of a type other than ${dtype}.`);
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      if (filled === count)
        throw new CheckpointError(`${where} has too many values for its shape: ${count} are required.`);
      data[filled++] =
        field === 4
          ? reader.float()
          : field === 10
            ? reader.double()
            : field === 7
              ? BigInt(reader.int64())
              : reader.int32();
    }
  }
  if (filled !== count)
    throw new CheckpointError(`${where} has ${filled} values, but its shape requires ${count}.`);
  return data;
}

/** Calls `read` for each field, and skips the fields for which it returns false. */
function forEachField(
  bytes: Uint8Array,
  read: (field: number, reader: BinaryReader, wire: WireType) => boolean,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (!read(field, reader, wire)) reader.skip(wire, field);
    if (reader.pos > reader.len) throw damaged('a field is truncated');
  }
}

function lengthDelimited(reader: BinaryReader, wire: WireType): Uint8Array {
  if (wire !== WireType.LengthDelimited) throw damaged('a field has another type');
  return reader.bytes();
}

function varint(reader: BinaryReader, wire: WireType): number {
  if (wire !== WireType.Varint) throw damaged('a field has another type');
  return reader.int32();
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function text(reader: BinaryReader, wire: WireType): string {
  return decoder.decode(lengthDelimited(reader, wire));
}

function clip(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The file is not an ONNX model, or it is damaged: ${what}.`);
}
