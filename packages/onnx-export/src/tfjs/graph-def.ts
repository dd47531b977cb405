import type { Trace, TracedConstant, TracedValue } from '@unitsphere/inference';

/** Attribute of a node of TensorFlow's GraphDef, in JSON. */
export type TfAttribute =
  | { type: 'DT_FLOAT' | 'DT_INT32' }
  | { shape: { dim: { size: string }[] } }
  | { list: { i: string[] } }
  | { s: string }
  | { i: string }
  | { b: boolean };

/** Node of TensorFlow's GraphDef, in JSON. */
export interface TfNode {
  name: string;
  op: string;
  input?: string[];
  attr: Record<string, TfAttribute>;
}

/** A weight of the graph. */
export interface TfWeight {
  name: string;
  shape: readonly number[];
  dtype: 'float32' | 'int32';
  data: Float32Array | Int32Array;
}

const FLOAT: TfAttribute = { type: 'DT_FLOAT' };
const textAttribute = (text: string): TfAttribute => ({ s: btoa(text) });

/** Attributes that several operators have. */
export const tfAttributes = {
  float: { T: FLOAT },
  ints: (values: readonly number[]): TfAttribute => ({ list: { i: values.map(String) } }),
  text: textAttribute,
  flag: (b: boolean): TfAttribute => ({ b }),
};

/** Builds a GraphDef of stock TensorFlow operators from a trace. Images are NHWC in both. */
export class GraphDefBuilder {
  readonly nodes: TfNode[] = [];
  readonly weights: TfWeight[] = [];
  /** Scales the kernel of the convolution that computes a traced value, by output channel. */
  readonly kernelScalers = new Map<number, (scale: Float64Array) => void>();
  readonly #trace: Trace;
  readonly #names = new Map<number, string>();
  readonly #uses = new Map<number, number>();
  readonly #taken = new Set<string>();

  constructor(trace: Trace) {
    this.#trace = trace;
    const uses = [trace.output, ...trace.calls.flatMap(({ inputs }) => Object.values(inputs))];
    for (const { id } of uses) this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
  }

  /** Returns the constant behind a traced value; undefined if the value depends on the images. */
  constantOf({ id }: TracedValue): TracedConstant | undefined {
    return this.#trace.constants.get(id);
  }

  /** Returns whether one operation alone reads a value. */
  isReadOnce({ id }: TracedValue): boolean {
    return this.#uses.get(id) === 1;
  }

  /** Declares that a node computes a traced value. */
  bind({ id }: TracedValue, name: string): void {
    this.#names.set(id, name);
  }

  /** Returns the node of a traced value; a constant becomes a weight. */
  nameOf(value: TracedValue): string {
    const known = this.#names.get(value.id);
    if (known !== undefined) return known;
    const constant = this.constantOf(value);
    if (!constant) throw new Error(`The traced value ${value.id} was not computed.`);
    const name = this.floats(constant.name ?? 'constant', constant.shape, constant.data);
    this.bind(value, name);
    return name;
  }

  /** Adds a node. @returns Its name. */
  add(op: string, inputs: readonly string[], attr: TfNode['attr'] = tfAttributes.float): string {
    const name = this.#unique(op);
    this.nodes.push({ name, op, input: [...inputs], attr });
    return name;
  }

  /** Adds a weight. */
  floats(name: string, shape: readonly number[], data: Float32Array): string {
    return this.#weight({ name, shape, dtype: 'float32', data });
  }

  scalar(value: number): string {
    return this.floats('scalar', [], Float32Array.of(value));
  }

  /** Adds a weight of integers. Default: a list. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#weight({ name: 'integers', shape, dtype: 'int32', data: Int32Array.from(values) });
  }

  /** Adds a concatenation along an axis. */
  concat(names: readonly string[], axis: number): string {
    const attr = { ...tfAttributes.float, N: { i: String(names.length) } };
    return this.add('ConcatV2', [...names, this.integers([axis], [])], attr);
  }

  /** Adds a Reshape; the first side of `shape` varies with the batch. */
  reshape(name: string, shape: readonly number[]): string {
    return this.add('Reshape', [name, this.integers([-1, ...shape.slice(1)])]);
  }

  #weight(weight: TfWeight): string {
    const name = this.#unique(weight.name);
    this.weights.push({ ...weight, name });
    const dim = weight.shape.map((size) => ({ size: String(size) }));
    const dtype: TfAttribute = weight.dtype === 'int32' ? { type: 'DT_INT32' } : FLOAT;
    this.nodes.push({ name, op: 'Const', attr: { dtype, shape: { shape: { dim } } } });
    return name;
  }

  #unique(name: string): string {
    let unique = name;
    for (let i = 2; this.#taken.has(unique); i++) unique = `${name}_${i}`;
    this.#taken.add(unique);
    return unique;
  }
}
