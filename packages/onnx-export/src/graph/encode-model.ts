import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Attribute, Constant, ElementType, Graph, Node, ValueType } from './graph.js';

/** The version of the operators. ONNX Runtime 1.20 and newer, and therefore transformers.js 4, run it. */
export const OPSET = 21;
// The version of the file format that belongs to the opset.
const IR_VERSION = 10;
const PRODUCER = '@unitsphere/onnx-export';

// TensorProto.DataType of onnx.proto.
const DATA_TYPES: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  float16: 10,
};

/** Text of a model beside its graph. */
export interface ModelText {
  /** The graph's name. */
  name: string;
  /** Description of the model; empty for none. */
  description: string;
  /** Entries of metadata_props, written in order of their keys. */
  metadata: Readonly<Record<string, string>>;
}

/** Encodes a graph as the bytes of an ONNX file (onnx.proto's ModelProto). The same graph gives the same bytes. */
export function encodeModel(graph: Graph, { name, description, metadata }: ModelText): Uint8Array {
  const model = new BinaryWriter();
  model.tag(1, WireType.Varint).int64(IR_VERSION);
  text(model, 2, PRODUCER);
  if (description) text(model, 6, description);
  message(model, 7, (writer) => writeGraph(writer, graph, name));
  message(model, 8, (writer) => {
    text(writer, 1, '');
    writer.tag(2, WireType.Varint).int64(OPSET);
  });
  writeMetadata(model, metadata);
  return model.finish();
}

/** Writes the entries of metadata_props, in order of their keys. */
export function writeMetadata(model: BinaryWriter, metadata: ModelText['metadata']): void {
  for (const key of Object.keys(metadata).sort()) {
    message(model, 14, (writer) => {
      text(writer, 1, key);
      text(writer, 2, metadata[key]);
    });
  }
}

function writeGraph(writer: BinaryWriter, graph: Graph, name: string): void {
  for (const node of graph.nodes) message(writer, 1, (to) => writeNode(to, node));
  text(writer, 2, name);
  for (const [key, constant] of graph.constants) message(writer, 5, (to) => writeTensor(to, key, constant));
  const write = (field: number, key: string) =>
    message(writer, field, (to) => writeValue(to, key, graph.typeOf(key)));
  for (const input of graph.inputs) write(11, input);
  for (const output of graph.outputs) write(12, output);
  const ends = new Set([...graph.inputs, ...graph.outputs]);
  for (const { outputs } of graph.nodes) for (const key of outputs) if (!ends.has(key)) write(13, key);
}

function writeNode(writer: BinaryWriter, { op, inputs, outputs, attributes }: Node): void {
  for (const input of inputs) text(writer, 1, input);
  for (const output of outputs) text(writer, 2, output);
  // Viewers do not show the names of these, which are many.
  if (!/^(Deq|Q)uantizeLinear$/.test(op)) text(writer, 3, outputs[0]);
  text(writer, 4, op);
  for (const [name, attribute] of Object.entries(attributes)) {
    message(writer, 5, (to) => writeAttribute(to, name, attribute));
  }
}

function writeAttribute(writer: BinaryWriter, name: string, attribute: Attribute): void {
  const type = (number: number) => writer.tag(20, WireType.Varint).int32(number);
  text(writer, 1, name);
  if ('float' in attribute) {
    writer.tag(2, WireType.Bit32).float(attribute.float);
    type(1);
  } else if ('int' in attribute) {
    writer.tag(3, WireType.Varint).int64(attribute.int);
    type(2);
  } else if ('string' in attribute) {
    text(writer, 4, attribute.string);
    type(3);
  } else {
    for (const value of attribute.ints) writer.tag(8, WireType.Varint).int64(value);
    type(7);
  }
}

function writeTensor(writer: BinaryWriter, name: string, { type, shape, data }: Constant): void {
  for (const side of shape) writer.tag(1, WireType.Varint).int64(side);
  writer.tag(2, WireType.Varint).int32(DATA_TYPES[type]);
  text(writer, 8, name);
  // Raw data is little-endian, as typed arrays are on every platform with a TensorFlow.js backend.
  writer
    .tag(9, WireType.LengthDelimited)
    .bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue(writer: BinaryWriter, name: string, { type, shape }: ValueType): void {
  text(writer, 1, name);
  message(writer, 2, (typeProto) =>
    message(typeProto, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(DATA_TYPES[type]);
      message(tensor, 2, (shapeProto) => {
        for (const side of shape) {
          message(shapeProto, 1, (dimension) => {
            if (typeof side === 'string') text(dimension, 2, side);
            else dimension.tag(1, WireType.Varint).int64(side);
          });
        }
      });
    }),
  );
}

const text = (writer: BinaryWriter, field: number, value: string) =>
  writer.tag(field, WireType.LengthDelimited).string(value);

function message(writer: BinaryWriter, field: number, write: (to: BinaryWriter) => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
