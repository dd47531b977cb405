import { UnsupportedNetworkError } from '../errors.js';
import type { Trace, TracedCall, TracedConstant, TracedValue } from '../trace/trace.js';
import { product } from './product.js';
import type { Step, Value } from './step.js';

/** A traced value in the network: a tensor, and what a reader must still apply to it. */
export interface Binding {
  value: Value;
  /** Zeros around an image of this height and width, which the convolution that reads it takes as its own padding. */
  padding?: { top: number; left: number; height: number; width: number };
  /** Sides [height, width, channels] of images whose floats the trace orders by channel, for the linear layer that reads them. */
  channelsFirst?: readonly [number, number, number];
}

/** Builds the steps of a network from a trace, and merges operations into the step before where nothing else reads it. */
export class NetworkBuilder {
  readonly steps: Step[] = [];
  readonly #trace: Trace;
  readonly #bindings = new Map<number, Binding>();
  readonly #producers = new Map<Value, Step>();
  /** Number of operations that read each traced value. */
  readonly #uses = new Map<number, number>();
  /** Number of operations that read a value of the network as it is after its last change. */
  readonly #readers = new Map<Value, number>();
  #lastOwnId = 0;

  constructor(trace: Trace) {
    this.#trace = trace;
    for (const { inputs } of trace.calls) {
      for (const { id } of Object.values(inputs)) this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
    }
    this.#uses.set(trace.output.id, (this.#uses.get(trace.output.id) ?? 0) + 1);
    this.#bind(trace.input, { value: { size: this.sizeOf(trace.input) } });
  }

  /** Number of traced images. */
  get batch(): number {
    return this.#trace.input.shape[0];
  }

  /** Returns the floats of one image in a traced value. @throws UnsupportedNetworkError if images are not apart. */
  sizeOf({ shape }: TracedValue): number {
    if (shape.length === 0 || shape[0] % this.batch !== 0) {
      throw new UnsupportedNetworkError(
        `A value of the shape [${shape}] does not have the batch on its first axis.`,
      );
    }
    return product(shape) / this.batch;
  }

  /** Returns the constant behind a traced value; undefined if the value depends on the input. */
  constantOf({ id }: TracedValue): TracedConstant | undefined {
    return this.#trace.constants.get(id);
  }

  /** Returns the values of a constant input. @throws UnsupportedNetworkError if it depends on the images. */
  constant({ kernel, inputs }: TracedCall, name: string): Float32Array {
    const constant = this.constantOf(inputs[name]);
    if (!constant) throw new UnsupportedNetworkError(`${kernel}: its input "${name}" depends on the images.`);
    return constant.data;
  }

  /** Returns the binding of a traced value. */
  bindingOf(value: TracedValue): Binding {
    const binding = this.#bindings.get(value.id);
    if (!binding) throw new UnsupportedNetworkError(`The traced value ${value.id} was not computed.`);
    return binding;
  }

  /** Returns the tensor of a traced value. @throws UnsupportedNetworkError if a reader must apply something to it. */
  valueOf(traced: TracedValue): Value {
    const { value, padding, channelsFirst } = this.bindingOf(traced);
    if (padding || channelsFirst) {
      throw new UnsupportedNetworkError(
        'Padding or a change of axes is read by an operation that does not support it.',
      );
    }
    return value;
  }

  /** Declares that a traced value is a tensor of the network. `from` is the traced value whose tensor it is. */
  alias(output: TracedValue, from: TracedValue, binding = this.bindingOf(from)): void {
    const others = (this.#readers.get(binding.value) ?? 1) - 1;
    this.#bind(output, binding);
    this.#readers.set(binding.value, others + this.#usesOf(output));
  }

  /** Adds a step whose output is a traced value. */
  add(call: TracedCall, make: (y: Value) => Step): void {
    const y: Value = { size: this.sizeOf(call.output) };
    const step = make(y);
    this.steps.push(step);
    this.#producers.set(y, step);
    this.#bind(call.output, { value: y });
  }

  /** Returns the step that computes a traced value if this call alone reads it. */
  ownProducer(traced: TracedValue): Step | undefined {
    const { value, padding, channelsFirst } = this.bindingOf(traced);
    if (padding || channelsFirst || this.#readers.get(value) !== 1) return undefined;
    return this.#producers.get(value);
  }

  /** Declares that a call was merged into the step that computes `host`. */
  merge(call: TracedCall, host: TracedValue): void {
    const { value } = this.bindingOf(host);
    this.#bind(call.output, { value });
  }

  /** Calls fn with a value that stands for a computed output, which only fn reads; fn binds the output anew. */
  continueFrom(output: TracedValue, fn: (x: TracedValue) => void): void {
    const { value } = this.bindingOf(output);
    const x = { ...output, id: --this.#lastOwnId };
    this.#bindings.set(x.id, { value });
    this.#readers.set(value, 1);
    fn(x);
  }

  #bind(traced: TracedValue, binding: Binding): void {
    this.#bindings.set(traced.id, binding);
    this.#readers.set(binding.value, this.#usesOf(traced));
  }

  #usesOf({ id }: TracedValue): number {
    return this.#uses.get(id) ?? 0;
  }
}
