/** Element types of ONNX tensors that the exporter writes. */
export type ElementType = 'float32' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8';

/** Values of each element type; float16 holds raw 16-bit patterns. */
export type TensorData = Float32Array | Uint16Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;

/** A constant tensor of a graph, row-major. */
export interface Constant {
  type: ElementType;
  shape: readonly number[];
  data: TensorData;
}

/** A side is a number, or a name if it varies with the batch. */
export type Shape = readonly (number | string)[];

/** Element type and shape of a value that the graph computes. */
export interface ValueType {
  type: ElementType;
  shape: Shape;
}

/** Attribute of a node. */
export type Attribute =
  | { int: number }
  | { float: number }
  | { ints: readonly number[] }
  | { string: string };

/** Node of a graph: an operator of ONNX's default domain with one or more outputs. */
export interface Node {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes: Readonly<Record<string, Attribute>>;
}

/** An ONNX graph in memory: nodes in order of execution, constants, and the type of every value. */
export class Graph {
  nodes: Node[] = [];
  readonly constants = new Map<string, Constant>();
  readonly values = new Map<string, ValueType>();
  readonly inputs: string[] = [];
  readonly outputs: string[] = [];
  readonly #counts = new Map<string, number>();

  /** Adds a constant. @returns Its name: `name`, or `name_2`, … if another constant has that name. */
  addConstant(name: string, constant: Constant): string {
    let unique = name;
    for (let i = 2; this.constants.has(unique) || this.values.has(unique); i++) unique = `${name}_${i}`;
    this.constants.set(unique, constant);
    return unique;
  }

  /** Returns a new name for an output, such as `Conv_3`. @param op An operator or another prefix. */
  nameOutput(op: string): string {
    let count = this.#counts.get(op) ?? 0;
    while (this.values.has(`${op}_${count}`)) count++;
    this.#counts.set(op, count + 1);
    return `${op}_${count}`;
  }

  /** Creates a node with one output and its type, without adding the node. */
  makeNode(
    op: string,
    inputs: readonly string[],
    value: ValueType,
    attributes: Node['attributes'] = {},
    output = this.nameOutput(op),
  ): Node {
    this.values.set(output, value);
    return { op, inputs: [...inputs], outputs: [output], attributes };
  }

  /** Returns the type of a value or constant. @throws Error if the graph does not have it. */
  typeOf(name: string): ValueType {
    const found = this.values.get(name) ?? this.constants.get(name);
    if (!found) throw new Error(`The graph has no value "${name}".`);
    return found;
  }

  /** Returns the node that computes each value. */
  producers(): Map<string, Node> {
    return new Map(this.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  }

  /** Returns the nodes that read each value, one entry per use. The graph's outputs count as uses by no node. */
  consumers(): Map<string, (Node | undefined)[]> {
    const uses = new Map<string, (Node | undefined)[]>();
    const add = (name: string, node?: Node) => uses.set(name, [...(uses.get(name) ?? []), node]);
    for (const node of this.nodes) for (const input of node.inputs) if (input) add(input, node);
    for (const output of this.outputs) add(output);
    return uses;
  }

  /** Makes every reader of `from` read `to` instead. */
  redirect(from: string, to: string): void {
    for (const node of this.nodes) node.inputs = node.inputs.map((input) => (input === from ? to : input));
    this.outputs.forEach((output, i) => {
      if (output === from) this.outputs[i] = to;
    });
  }
}

/** Returns the number of values of a constant's shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
