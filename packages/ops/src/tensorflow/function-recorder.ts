import {
  type Content,
  encodeFunction,
  type FunctionNode,
  type NodeAttribute,
} from './function-definition.js';
import type { Operations } from './operations-of.js';

/** A value inside a function, by its name there. */
export interface Value {
  readonly value: string;
}

/** Name of the output of operations with one result; `z` is that of most arithmetic. */
const OUTPUTS: { readonly [operation: string]: string } = {
  Const: 'output',
  Exp: 'y',
  Identity: 'output',
  Max: 'output',
  Relu: 'activations',
  Relu6: 'activations',
  Relu6Grad: 'backprops',
  ReluGrad: 'backprops',
  Reshape: 'output',
  Rsqrt: 'y',
  Select: 'output',
  SelectV2: 'output',
  Sigmoid: 'y',
  Slice: 'output',
  Sqrt: 'y',
  Square: 'y',
  Sum: 'output',
};

/** Records operations as a function of TensorFlow. */
export class FunctionRecorder implements Operations<Value> {
  readonly #nodes: FunctionNode[] = [];
  readonly #constants = new Map<string, Value>();

  constant(value: number): Value {
    return this.#constant(`${value}`, { type: 'float32', values: [value], sizes: [] });
  }

  floats(operation: string, ...inputs: readonly Value[]): Value {
    return this.run(operation, { T: { dtype: 'float32' } }, ...inputs);
  }

  integers(...values: readonly number[]): Value {
    return this.#constant(`[${values}]`, { type: 'int32', values, sizes: [values.length] });
  }

  run(
    operation: string,
    attributes: { readonly [name: string]: NodeAttribute },
    ...inputs: readonly Value[]
  ): Value {
    const name = `node${this.#nodes.length}`;
    this.#nodes.push({ name, operation, inputs: inputs.map(({ value }) => value), attributes });
    return { value: `${name}:${OUTPUTS[operation] ?? 'z'}:0` };
  }

  /** Returns the serialized function of `inputs` arguments that computes `body`. */
  static record(
    name: string,
    inputs: number,
    body: (operations: Operations<Value>, ...inputs: Value[]) => Value[],
  ): Uint8Array {
    const recorder = new FunctionRecorder();
    const names = Array.from({ length: inputs }, (_, i) => `input${i}`);
    const outputs = body(recorder, ...names.map((value) => ({ value }))).map(({ value }) => value);
    const nodes = recorder.#nodes;
    return encodeFunction({ name, inputs: names, nodes, outputs, isCompiled: true });
  }

  #constant(key: string, content: Content): Value {
    const known = this.#constants.get(key);
    if (known) return known;
    const value = this.run('Const', { value: content, dtype: { dtype: content.type } });
    this.#constants.set(key, value);
    return value;
  }
}
