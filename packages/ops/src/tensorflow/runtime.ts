import type * as tf from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';
import { shouldQueueTensorFlow, shouldUseXla } from '../debug-flags.js';
import { FunctionRecorder } from './function-recorder.js';
import type { Computation, Operations } from './operations-of.js';

/** A tensor in TensorFlow's memory that TensorFlow.js does not know. */
export interface Handle {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

type Shape = readonly number[];

/** Attributes of an operation of TensorFlow. A number is a float, and an object is a type, a shape or an integer. */
export type Attributes = { readonly [name: string]: AttributeValue };
type AttributeValue =
  | number
  | string
  | boolean
  | { dtype: 'float32' | 'int32' }
  | { shape: number[] }
  | { integer: number }
  | { integers: readonly number[] };

interface Attribute {
  name: string;
  type: number;
  value: number | string | boolean | readonly number[];
}

/** Part of tfjs-node's backend that our kernels use. */
interface TensorFlowBackend {
  binding: {
    TF_ATTR_TYPE: number;
    TF_ATTR_FLOAT: number;
    TF_ATTR_SHAPE: number;
    TF_ATTR_INT: number;
    TF_ATTR_BOOL: number;
    TF_ATTR_STRING: number;
    TF_FLOAT: number;
    TF_INT32: number;
    createTensor(shape: number[], dtype: number, values: Float32Array | Int32Array): number;
    deleteTensor(id: number): void;
    tensorDataSync(id: number): ArrayLike<number>;
    executeOp(operation: string, attributes: Attribute[], inputs: number[], outputs: number): Handle[];
    /** Adds a serialized function. Absent in tfjs-node's own binding. */
    addFunction?(definition: Uint8Array): void;
    /** Returns a number for `enqueueOp`. Absent in tfjs-node's own binding. */
    prepareOp?(operation: string, attributes: Attribute[]): number;
    /** Runs an operation later, on the thread of a queue, and returns the ids of its results. */
    enqueueOp?(prepared: number, inputs: number[], outputs: number, queue: number): number[];
  };
  isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: tf.TensorInfo[]): number[];
  createOutputTensor(handle: Handle): tf.Tensor;
}

const NO_ATTRIBUTES: Attributes = {};

/** Type attribute of operations on float32 values. */
export const FLOATS: Attributes = { T: { dtype: 'float32' } };

/**
 * Threads that run operations in their order, each of which waits for results of the other. `side` is for results that nothing in
 * the same pass requires, such as the gradients of filters.
 */
const QUEUES = { main: 0, side: 1 } as const;
type Queue = keyof typeof QUEUES;

/** Operations that compute each value from those at its position, with broadcasting. */
const ELEMENTWISE: ReadonlySet<string> = new Set([
  'AddV2',
  'ClipByValue',
  'Identity',
  'Mul',
  'RealDiv',
  'Relu',
  'Relu6',
  'Relu6Grad',
  'ReluGrad',
  'Rsqrt',
  'Sigmoid',
  'SigmoidGrad',
  'Sqrt',
  'Square',
  'Sub',
]);

/** Fewest values of a tensor for which a compiled function is worth the fraction of a second that XLA takes for each new shape. */
const FEWEST_COMPILED = 65_536;

/** Runs operations of TensorFlow without a tensor of TensorFlow.js for each intermediate result. */
export class TensorFlowRuntime implements Operations<Handle> {
  readonly #backend: TensorFlowBackend;
  /** Names of the functions that TensorFlow has. */
  readonly #functions = new Set<string>();
  #canCompile: boolean | undefined;
  readonly #attributes = new WeakMap<Attributes, Attribute[]>();
  /** Prepared operations by attributes and name. */
  readonly #prepared = new WeakMap<Attributes, Map<string, number>>();
  readonly #queues = shouldQueueTensorFlow();
  readonly #constants = new Map<string, Handle>();
  /** Handles to delete at the end of the current computation. */
  #temporary: Handle[] = [];

  constructor(backend: unknown) {
    this.#backend = backend as TensorFlowBackend;
  }

  /** Whether operations run on a GPU. */
  get onGpu(): boolean {
    return this.#backend.isUsingGpuDevice;
  }

  /** Whether XLA compiles functions here. It requires the binding that `unitsphere backend install` builds. */
  get canCompile(): boolean {
    this.#canCompile ??= shouldUseXla() && this.#compilesAFunction();
    return this.#canCompile;
  }

  /**
   * Runs a computation on float32 tensors: as one function that XLA compiles for their shapes, with one pass over memory, or one
   * operation after the other if there are few values or no compiler.
   * @param name A name of its own for each computation.
   * @param shapes Shapes of the results.
   */
  runCompiled(
    name: string,
    inputs: readonly Handle[],
    shapes: readonly Shape[],
    computation: Computation,
  ): Handle[] {
    const most = Math.max(...inputs.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
    if (!this.isWorthCompiling(most)) return computation<Handle>(this, ...inputs);
    return this.runFunction(name, inputs, shapes, computation);
  }

  /** Whether a computation on this many values is faster as a compiled function, and can be one. */
  isWorthCompiling(values: number): boolean {
    return values >= FEWEST_COMPILED && this.canCompile;
  }

  /** Runs a computation as one function that XLA compiles, whatever its size. Requires `canCompile`. */
  runFunction(
    name: string,
    inputs: readonly Handle[],
    shapes: readonly Shape[],
    computation: Computation,
  ): Handle[] {
    const unique = `unitsphere_${name}`;
    if (!this.#functions.has(unique)) {
      this.#backend.binding.addFunction?.(FunctionRecorder.record(unique, inputs.length, computation));
      this.#functions.add(unique);
    }
    return this.enqueueAll(unique, NO_ATTRIBUTES, inputs, shapes);
  }

  /** Returns whether XLA compiles and runs a small function; warns if it should but cannot. */
  #compilesAFunction(): boolean {
    if (!this.#backend.binding.addFunction) return false;
    try {
      const [result] = this.runFunction('probe', [this.scalar(1)], [[]], (operations, x) => [
        operations.floats('Relu', x),
      ]);
      // An error of the compiler is thrown where the result is read.
      this.#backend.binding.tensorDataSync(result.id);
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      backend_util.warn(
        `XLA compiles nothing here, so some kernels run as several operations, which is slower (UNITSPHERE_XLA=0 hides this): ${reason}`,
      );
      return false;
    }
  }

  /** Runs a function of handles, returns its results as tensors, and deletes every other handle that it made. */
  compute(body: () => Handle[]): tf.Tensor[] {
    const outer = this.#temporary;
    this.#temporary = [];
    try {
      const results = body();
      const kept = new Set(results.map(({ id }) => id));
      this.#temporary = this.#temporary.filter(({ id }) => !kept.has(id));
      return results.map((result) => this.#backend.createOutputTensor(result));
    } finally {
      for (const { id } of this.#temporary) this.#backend.binding.deleteTensor(id);
      this.#temporary = outer;
    }
  }

  /** Deletes a handle of this computation now, so that its values have one owner less. */
  drop(handle: Handle): void {
    this.#temporary = this.#temporary.filter(({ id }) => id !== handle.id);
    this.#backend.binding.deleteTensor(handle.id);
  }

  /** Returns the handle of a tensor, which the tensor owns. */
  of(tensor: tf.TensorInfo): Handle {
    const [id] = this.#backend.getInputTensorIds([tensor]);
    const { TF_FLOAT, TF_INT32 } = this.#backend.binding;
    return { id, shape: tensor.shape, dtype: tensor.dtype === 'float32' ? TF_FLOAT : TF_INT32 };
  }

  /**
   * Runs an operation with several results, and waits for it. Attributes are converted once, so they should be constants.
   */
  runAll(operation: string, attributes: Attributes, inputs: readonly Handle[], outputs: number): Handle[] {
    const ids = inputs.map(({ id }) => id);
    const results = this.#backend.binding.executeOp(operation, this.#convert(attributes), ids, outputs);
    this.#temporary.push(...results);
    return results;
  }

  /**
   * Enqueues an operation whose float32 results have known shapes. It may run after this returns, and an error of it is thrown where a
   * result is read. Waits for it if the binding has no queues. The binding keeps the attributes, so they must be constants.
   */
  enqueueAll(
    operation: string,
    attributes: Attributes,
    inputs: readonly Handle[],
    shapes: readonly Shape[],
    queue: Queue = 'main',
  ): Handle[] {
    const { binding } = this.#backend;
    if (!this.#queues || !binding.enqueueOp || !binding.prepareOp) {
      return this.runAll(operation, attributes, inputs, shapes.length);
    }
    let byName = this.#prepared.get(attributes);
    if (!byName) {
      byName = new Map();
      this.#prepared.set(attributes, byName);
    }
    let prepared = byName.get(operation);
    if (prepared === undefined) {
      prepared = binding.prepareOp(operation, this.#convert(attributes));
      byName.set(operation, prepared);
    }
    const ids = inputs.map(({ id }) => id);
    const results = binding
      .enqueueOp(prepared, ids, shapes.length, QUEUES[queue])
      .map((id, i) => ({ id, shape: [...shapes[i]], dtype: binding.TF_FLOAT }));
    this.#temporary.push(...results);
    return results;
  }

  /** Enqueues an operation with one result. */
  enqueue(operation: string, attributes: Attributes, inputs: readonly Handle[], shape: Shape): Handle {
    return this.enqueueAll(operation, attributes, inputs, [shape])[0];
  }

  /** Runs an operation with one result. */
  run(operation: string, attributes: Attributes, ...inputs: readonly Handle[]): Handle {
    return this.runAll(operation, attributes, inputs, 1)[0];
  }

  /** Runs an operation on float32 values whose only attribute is their type. A number is a scalar. */
  floats(operation: string, ...inputs: readonly (Handle | number)[]): Handle {
    const handles = inputs.map((x) => (typeof x === 'number' ? this.scalar(x) : x));
    if (!ELEMENTWISE.has(operation)) return this.run(operation, FLOATS, ...handles);
    const shape = handles.map((handle) => handle.shape).reduce(backend_util.assertAndGetBroadcastShape);
    return this.enqueue(operation, FLOATS, handles, shape);
  }

  /** Returns a float32 scalar, which is deleted with the current computation. */
  scalar(value: number): Handle {
    const { binding } = this.#backend;
    const id = binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value));
    const handle = { id, shape: [], dtype: binding.TF_FLOAT };
    this.#temporary.push(handle);
    return handle;
  }

  /** Returns a float32 scalar that stays in the device's memory: for numbers that are the same in every step. */
  constant(value: number): Handle {
    return this.#constant(`${value}`, () => this.run('Identity', FLOATS, this.scalar(value)));
  }

  /** Returns float32 without values, which some operations require in place of an optional input. */
  empty(): Handle {
    const { binding } = this.#backend;
    return this.#constant('empty', () => {
      const id = binding.createTensor([0], binding.TF_FLOAT, new Float32Array(0));
      return { id, shape: [0], dtype: binding.TF_FLOAT };
    });
  }

  /** Returns int32 values in the host's memory, such as a shape or axes, which stay. */
  integers(...values: readonly number[]): Handle {
    const { binding } = this.#backend;
    return this.#constant(`[${values}]`, () => {
      const id = binding.createTensor([values.length], binding.TF_INT32, Int32Array.from(values));
      return { id, shape: [values.length], dtype: binding.TF_INT32 };
    });
  }

  /** Returns rows of int32 values in the host's memory, which stay. */
  integerMatrix(rows: readonly (readonly number[])[]): Handle {
    const { binding } = this.#backend;
    const shape = [rows.length, rows[0].length];
    return this.#constant(`[[${rows.join('],[')}]]`, () => {
      const id = binding.createTensor(shape, binding.TF_INT32, Int32Array.from(rows.flat()));
      return { id, shape, dtype: binding.TF_INT32 };
    });
  }

  /** Returns a variable of TensorFlow, which stays. Its values are those of the last assignment. */
  variable(name: string): Handle {
    return this.#constant(`variable ${name}`, () => this.run('VarHandleOp', VARIABLE));
  }

  /** Assigns values to a variable, which shares them until one of the two changes. */
  assign(variable: Handle, values: Handle): void {
    this.runAll('AssignVariableOp', VARIABLE_VALUES, [variable, values], 0);
  }

  /** Returns the values of a variable. */
  valuesOf(variable: Handle): Handle {
    return this.run('ReadVariableOp', VARIABLE_VALUES, variable);
  }

  /** Stacks float32 tensors of equal shapes along a new first axis. */
  stack(tensors: readonly Handle[]): Handle {
    let attributes = PACKS.get(tensors.length);
    if (!attributes) {
      attributes = { ...FLOATS, N: { integer: tensors.length }, axis: { integer: 0 } };
      PACKS.set(tensors.length, attributes);
    }
    return this.enqueue('Pack', attributes, tensors, [tensors.length, ...tensors[0].shape]);
  }

  /** Returns x with another shape, without a copy; x itself if it has this shape. */
  reshape(x: Handle, shape: Shape, queue: Queue = 'main'): Handle {
    const isSame = x.shape.length === shape.length && shape.every((size, i) => size === x.shape[i]);
    if (isSame) return x;
    return this.enqueueAll('Reshape', RESHAPE, [x, this.integers(...shape)], [shape], queue)[0];
  }

  /** Multiplies matrices, each as given or transposed. */
  matMul(
    a: Handle,
    b: Handle,
    { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {},
    queue: Queue = 'main',
  ): Handle {
    const attributes = PRODUCTS[transposeA ? 1 : 0][transposeB ? 1 : 0];
    const shape = [a.shape[transposeA ? 1 : 0], b.shape[transposeB ? 0 : 1]];
    return this.enqueueAll('MatMul', attributes, [a, b], [shape], queue)[0];
  }

  /** Pads x with zeros: [before, after] for each axis. */
  pad(x: Handle, sizes: readonly (readonly [number, number])[]): Handle {
    const shape = x.shape.map((size, axis) => size + sizes[axis][0] + sizes[axis][1]);
    return this.enqueue('Pad', PAD, [x, this.integerMatrix(sizes)], shape);
  }

  /** Returns the part of x of a shape, from the position `begin`. */
  slice(x: Handle, begin: readonly number[], shape: readonly number[]): Handle {
    return this.enqueue('Slice', SLICE, [x, this.integers(...begin), this.integers(...shape)], shape);
  }

  #constant(key: string, make: () => Handle): Handle {
    const known = this.#constants.get(key);
    if (known) return known;
    // Not part of the computation that needs it first.
    const handle = make();
    this.#temporary = this.#temporary.filter(({ id }) => id !== handle.id);
    this.#constants.set(key, handle);
    return handle;
  }

  #convert(attributes: Attributes): Attribute[] {
    let converted = this.#attributes.get(attributes);
    if (!converted) {
      converted = Object.entries(attributes).map(([name, value]) => this.#attribute(name, value));
      this.#attributes.set(attributes, converted);
    }
    return converted;
  }

  #attribute(name: string, value: AttributeValue): Attribute {
    const { TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_INT, TF_ATTR_SHAPE, TF_ATTR_BOOL, TF_ATTR_STRING } =
      this.#backend.binding;
    const { TF_FLOAT, TF_INT32 } = this.#backend.binding;
    if (typeof value === 'number') return { name, type: TF_ATTR_FLOAT, value };
    if (typeof value === 'boolean') return { name, type: TF_ATTR_BOOL, value };
    if (typeof value === 'string') return { name, type: TF_ATTR_STRING, value };
    if ('dtype' in value) {
      return { name, type: TF_ATTR_TYPE, value: value.dtype === 'float32' ? TF_FLOAT : TF_INT32 };
    }
    if ('integer' in value) return { name, type: TF_ATTR_INT, value: value.integer };
    if ('integers' in value) return { name, type: TF_ATTR_INT, value: value.integers };
    return { name, type: TF_ATTR_SHAPE, value: value.shape };
  }
}

const RESHAPE: Attributes = { T: { dtype: 'float32' }, Tshape: { dtype: 'int32' } };

/** Attributes of stacks, by the number of tensors. */
const PACKS = /* @__PURE__ */ new Map<number, Attributes>();

const PAD: Attributes = { ...FLOATS, Tpaddings: { dtype: 'int32' } };
const SLICE: Attributes = { ...FLOATS, Index: { dtype: 'int32' } };

/** Attributes of matrix products, by whether the first and the second factor are transposed. */
const PRODUCTS = /* @__PURE__ */ [false, true].map((a) =>
  [false, true].map((b): Attributes => ({ ...FLOATS, transpose_a: a, transpose_b: b })),
);

const VARIABLE_VALUES: Attributes = { dtype: { dtype: 'float32' } };
// TensorFlow gives each variable with this name a resource of its own; the values may have any shape.
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';
const VARIABLE: Attributes = {
  ...VARIABLE_VALUES,
  shape: { shape: [] },
  container: '',
  shared_name: ANONYMOUS,
};

const runtimes = new WeakMap<object, TensorFlowRuntime>();

/** Returns the runtime of a backend of TensorFlow's library, created at its first kernel. */
export function tensorFlowRuntime(backend: unknown): TensorFlowRuntime {
  let runtime = runtimes.get(backend as object);
  if (!runtime) {
    runtime = new TensorFlowRuntime(backend);
    runtimes.set(backend as object, runtime);
  }
  return runtime;
}
