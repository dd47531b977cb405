import type { Trace, TracedConstant, TracedValue } from '@unitsphere/inference';
import { OnnxExportError } from '../errors.js';
import { type Attribute, Graph, type Shape } from './graph.js';
import { permute } from './permute.js';

/** Order of the axes of an image in ONNX, NCHW, as axes of a traced image, which is NHWC. */
export const NCHW = [0, 3, 1, 2] as const;

/** Order of axes that changes nothing. */
export const plain = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);

/** A traced value in the graph: axis i of the graph's value is axis order[i] of the traced value. */
interface Binding {
  name: string;
  order: readonly number[];
}

/**
 * Builds a graph from a trace. Traced images are NHWC and the graph's are NCHW: each traced value remembers the order of its
 * axes, and a node that changes the order is only added where an operation requires another one.
 */
export class GraphBuilder {
  readonly graph = new Graph();
  readonly #trace: Trace;
  readonly #batch: number;
  readonly #bindings = new Map<number, Binding>();

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#batch = trace.input.shape[0];
  }

  /** Returns the constant behind a traced value; undefined if the value depends on the input. */
  constantOf({ id }: TracedValue): TracedConstant | undefined {
    return this.#trace.constants.get(id);
  }

  /** Returns the constant behind a traced value. @throws OnnxExportError if the value depends on the input. */
  requireConstant(value: TracedValue, kernel: string, input: string): TracedConstant {
    const constant = this.constantOf(value);
    if (!constant) {
      throw new OnnxExportError(
        `${kernel}: its input "${input}" depends on the images, but the export supports only constants there.`,
      );
    }
    return constant;
  }

  /** Declares that a traced value is a value of the graph, with this order of axes. Default: the same order. */
  bind(value: TracedValue, name: string, order: readonly number[] = plain(value.shape.length)): void {
    this.#bindings.set(value.id, { name, order });
  }

  /** Returns the order of axes in which the graph has a traced value. */
  orderOf(value: TracedValue): readonly number[] {
    return this.#bindingOf(value).order;
  }

  /** Returns the name of a traced value with its axes in the given order; adds a node if the graph has another order. */
  nameOf(value: TracedValue, order: readonly number[] = this.orderOf(value)): string {
    const { name, order: current } = this.#bindingOf(value);
    if (String(current) === String(order)) return name;
    const shape = order.map((axis) => value.shape[axis]);
    const perm = order.map((axis) => current.indexOf(axis));
    const isWide = (axis: number) => axis === 0 || value.shape[axis] !== 1;
    // Axes of size 1 move by a change of shape alone.
    if (String(order.filter(isWide)) === String(current.filter(isWide))) return this.reshape(name, shape);
    return this.emit('Transpose', [name], shape, { perm: { ints: perm } });
  }

  /**
   * Adds a node with one output.
   * @param shape The output's shape with the trace's batch; its first axis varies with the batch.
   * @returns The output's name.
   */
  emit(
    op: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const node = this.graph.makeNode(
      op,
      inputs,
      { type: 'float32', shape: this.symbolic(shape, op) },
      attributes,
    );
    this.graph.nodes.push(node);
    return node.outputs[0];
  }

  /** Adds a Reshape; the first axis of `shape` varies with the batch. */
  reshape(name: string, shape: readonly number[]): string {
    return this.emit('Reshape', [name, this.integers([-1, ...shape.slice(1)])], shape);
  }

  /** Adds a constant of floats. `name` is a state-dict key, or a description for values without one. */
  floats(name: string, shape: readonly number[], data: Float32Array): string {
    return this.graph.addConstant(name, { type: 'float32', shape, data });
  }

  /** Adds a constant with its axes permuted, such as a kernel from HWIO to OIHW. */
  permuted({ name, shape, data }: TracedConstant, order: readonly number[]): string {
    return this.floats(
      name ?? 'constant',
      order.map((axis) => shape[axis]),
      permute(data, shape, order),
    );
  }

  /** Adds a constant scalar. */
  scalar(value: number): string {
    return this.floats('scalar', [], Float32Array.of(value));
  }

  /** Adds a constant list of integers. */
  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values.map(BigInt));
    return this.graph.addConstant('integers', { type: 'int64', shape: [values.length], data });
  }

  /** Returns a shape of the trace with its first axis as a name: `batch`, or `batch*49` for 49 rows an image. */
  symbolic(shape: readonly number[], op: string): Shape {
    const perImage = shape.length === 0 ? Number.NaN : shape[0] / this.#batch;
    if (!Number.isInteger(perImage)) {
      throw new OnnxExportError(
        `${op}: a value of the shape [${shape}] does not have the batch on its first axis, so the model cannot be exported with a dynamic batch.`,
      );
    }
    return [perImage === 1 ? 'batch' : `batch*${perImage}`, ...shape.slice(1)];
  }

  #bindingOf(value: TracedValue): Binding {
    const binding = this.#bindings.get(value.id);
    if (!binding) throw new Error(`The traced value ${value.id} was not computed.`);
    return binding;
  }
}
