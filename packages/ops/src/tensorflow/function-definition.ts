/** TensorFlow's FunctionDef messages, in the wire format of protocol buffers. */

/** Value of an attribute of an operation. A number is a float. */
export type OperationAttribute =
  | number
  | string
  | boolean
  | { dtype: 'float32' | 'int32' }
  | { integer: number };

/** Value of an attribute of a node: also the content of a constant. */
export type NodeAttribute = OperationAttribute | Content;

/** Values of a constant, in row-major order. */
export interface Content {
  type: 'float32' | 'int32';
  values: readonly number[];
  sizes: readonly number[];
}

/** An operation of a function. */
export interface FunctionNode {
  name: string;
  operation: string;
  /** Names of values: an argument, or `node:output:index`. */
  inputs: readonly string[];
  attributes: { readonly [name: string]: NodeAttribute };
}

/** A function of float32 tensors. */
export interface FunctionDefinition {
  name: string;
  /** Names of the arguments. */
  inputs: readonly string[];
  nodes: readonly FunctionNode[];
  /** Names of the values that it returns. */
  outputs: readonly string[];
  /** Whether XLA must compile it. */
  isCompiled: boolean;
}

// Numbers of tensorflow/core/framework/types.proto.
const DATA_TYPES = { float32: 1, int32: 3 } as const;

/** Returns the serialized message. Field numbers are those of tensorflow/core/framework/{function,op_def,node_def}.proto. */
export function encodeFunction({ name, inputs, nodes, outputs, isCompiled }: FunctionDefinition): Uint8Array {
  const results = outputs.map((_, i) => `output${i}`);
  const argument = (argument: string) => message(text(1, argument), integer(3, DATA_TYPES.float32));
  const signature = message(
    text(1, name),
    ...inputs.map((input) => bytes(2, argument(input))),
    ...results.map((result) => bytes(3, argument(result))),
  );
  return message(
    bytes(1, signature),
    ...nodes.map((node) => bytes(3, encodeNode(node))),
    ...outputs.map((value, i) => bytes(4, message(text(1, results[i]), text(2, value)))),
    ...(isCompiled ? [bytes(5, entry('_XlaMustCompile', true))] : []),
  );
}

function encodeNode({ name, operation, inputs, attributes }: FunctionNode): Uint8Array {
  return message(
    text(1, name),
    text(2, operation),
    ...inputs.map((input) => text(3, input)),
    ...Object.entries(attributes).map(([key, value]) => bytes(5, entry(key, value))),
  );
}

/** Returns an entry of a map of attributes. */
function entry(key: string, value: NodeAttribute): Uint8Array {
  return message(text(1, key), bytes(2, encodeAttribute(value)));
}

function encodeAttribute(value: NodeAttribute): Uint8Array {
  if (typeof value === 'number') return float(4, value);
  if (typeof value === 'boolean') return integer(5, value ? 1 : 0);
  if (typeof value === 'string') return text(2, value);
  if ('dtype' in value) return integer(6, DATA_TYPES[value.dtype]);
  if ('integer' in value) return integer(3, value.integer);
  return bytes(8, encodeTensor(value));
}

function encodeTensor({ type, values, sizes }: Content): Uint8Array {
  const content = type === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
  const shape = sizes.map((size) => bytes(2, integer(1, size)));
  return message(
    integer(1, DATA_TYPES[type]),
    bytes(2, message(...shape)),
    bytes(4, new Uint8Array(content.buffer)),
  );
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

const message = (...fields: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(fields.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const field of fields) {
    whole.set(field, at);
    at += field.length;
  }
  return whole;
};

/** Encodes a non-negative integer below 2^32. */
function varint(value: number): number[] {
  const encoded: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    encoded.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  encoded.push(rest);
  return encoded;
}

const tag = (field: number, wireType: number) => varint((field << 3) | wireType);
const integer = (field: number, value: number) => Uint8Array.from([...tag(field, VARINT), ...varint(value)]);
const bytes = (field: number, value: Uint8Array) =>
  message(Uint8Array.from([...tag(field, LENGTH_DELIMITED), ...varint(value.length)]), value);
const text = (field: number, value: string) => bytes(field, new TextEncoder().encode(value));
const float = (field: number, value: number) =>
  message(Uint8Array.from(tag(field, FIXED_32)), new Uint8Array(Float32Array.of(value).buffer));
