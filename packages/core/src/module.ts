import type * as tf from '@tensorflow/tfjs-core';
import { type StateDict, sizeOf } from './host-tensor.js';
import { Buffer, Counter, Parameter, type ParameterOptions } from './parameter.js';

type Part = Module | Parameter | Counter;

/** A state dict that does not fit a module. */
export class StateDictError extends Error {
  override name = 'StateDictError';
}

/** What `loadStateDict` found. */
export interface LoadReport {
  /** Keys of the module that the file lacks. */
  missing: string[];
  /** Keys of the file that the module lacks. */
  unexpected: string[];
}

/**
 * A piece of a model with named parameters, buffers and modules inside it, as torch.nn.Module: the names give the keys of
 * its state dict. Subclasses declare their parts with `child`, `parameter`, `buffer` and `counter` in field initializers
 * and compute in `forward`.
 */
export abstract class Module<In extends tf.Tensor = tf.Tensor, Out extends tf.Tensor = tf.Tensor> {
  readonly #parts = new Map<string, Part>();
  #inTraining = true;

  /** Computes the output; gradients flow through it to the input and the parameters. */
  abstract forward(x: In): Out;

  /** Whether layers behave as in training (batch statistics, stochastic depth). True at first, as in PyTorch. */
  get training(): boolean {
    return this.#inTraining;
  }

  /** Sets this module and everything inside it to training mode, or to evaluation mode. */
  train(mode = true): this {
    this.#inTraining = mode;
    for (const part of this.#parts.values()) if (part instanceof Module) part.train(mode);
    return this;
  }

  /** Evaluation mode: `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Every trained parameter with its state-dict key, in order of declaration. */
  namedParameters(prefix = ''): [string, Parameter][] {
    return this.#entries(prefix).filter(
      (entry): entry is [string, Parameter] => entry[1] instanceof Parameter && entry[1].trainable,
    );
  }

  /** Every trained parameter, in order of declaration. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Every buffer (saved, not trained) with its state-dict key. */
  namedBuffers(prefix = ''): [string, Buffer][] {
    return this.#entries(prefix).filter((entry): entry is [string, Buffer] => entry[1] instanceof Buffer);
  }

  /** This module and every one inside it, with the names that begin the keys of their parameters; its own is ''. */
  namedModules(prefix = ''): [string, Module][] {
    const inside = [...this.#parts].flatMap(([name, part]) =>
      part instanceof Module ? part.namedModules(prefix ? `${prefix}.${name}` : name) : [],
    );
    return [[prefix, this as unknown as Module], ...inside];
  }

  /** The number of trained values. */
  parameterCount(): number {
    return this.parameters().reduce((count, { variable }) => count + variable.size, 0);
  }

  /** All parameters, buffers and counters in PyTorch's layout and names. Asynchronous because a GPU's memory is read so. */
  async stateDict(prefix = ''): Promise<StateDict> {
    const state: StateDict = new Map();
    for (const [name, part] of this.#entries(prefix)) state.set(name, await part.toHost());
    return state;
  }

  /**
   * Takes all values from a state dict. Nothing is changed unless everything fits.
   * @param options.strict Whether every key must be there and no other (default). Counters may always be missing.
   * @param options.prefix Before every key of this module in the state dict.
   * @returns The keys that were missing or unexpected; empty when strict.
   * @throws StateDictError naming the keys that are missing, unexpected or of another shape.
   */
  loadStateDict(
    state: StateDict,
    { strict = true, prefix = '' }: { strict?: boolean; prefix?: string } = {},
  ): LoadReport {
    const entries = this.#entries(prefix);
    const known = new Set(entries.map(([name]) => name));
    const missing = entries
      .filter(([name, part]) => !state.has(name) && !(part instanceof Counter))
      .map(([name]) => name);
    const unexpected = [...state.keys()].filter((name) => name.startsWith(prefix) && !known.has(name));
    const problems = entries.flatMap(([name, part]) => {
      const tensor = state.get(name);
      if (!tensor) return [];
      if (String(tensor.shape) !== String(part.diskShape)) {
        return [`"${name}" has the shape [${tensor.shape}], but [${part.diskShape}] is needed`];
      }
      const count = sizeOf(tensor.shape);
      return tensor.data.length === count
        ? []
        : [`"${name}" has ${tensor.data.length} values, but its shape needs ${count}`];
    });
    if (strict && missing.length) problems.push(`missing: ${list(missing)}`);
    if (strict && unexpected.length) problems.push(`unexpected: ${list(unexpected)}`);
    if (problems.length) {
      throw new StateDictError(
        `${this.constructor.name}: the state dict does not fit: ${problems.join('; ')}.`,
      );
    }
    for (const [name, part] of entries) {
      const tensor = state.get(name);
      if (tensor) part.fromHost(tensor);
    }
    return { missing, unexpected };
  }

  /** Frees the variables of this module and everything inside it. */
  dispose(): void {
    for (const part of this.#parts.values()) if (!(part instanceof Counter)) part.dispose();
  }

  /** Declares a module inside this one; its keys begin with `name.`. */
  protected child<M extends Module<never, tf.Tensor>>(name: string, module: M): M {
    return this.#part(name, module as unknown as Module) as unknown as M;
  }

  /** Declares a trained parameter. */
  protected parameter(
    name: string,
    shape: number[],
    values: Float32Array,
    options?: ParameterOptions,
  ): Parameter {
    return this.#part(name, new Parameter(shape, values, options));
  }

  /** Declares values that are saved but not trained. */
  protected buffer(name: string, shape: number[], values: Float32Array): Buffer {
    return this.#part(name, new Buffer(shape, values));
  }

  /** Declares a whole number that is saved. */
  protected counter(name: string): Counter {
    return this.#part(name, new Counter());
  }

  #part<P extends Part>(name: string, part: P): P {
    if (this.#parts.has(name)) throw new Error(`${this.constructor.name}: "${name}" is declared twice.`);
    this.#parts.set(name, part);
    return part;
  }

  #entries(prefix: string): [string, Parameter | Counter][] {
    return [...this.#parts].flatMap(([name, part]): [string, Parameter | Counter][] =>
      part instanceof Module ? part.#entries(`${prefix}${name}.`) : [[prefix + name, part]],
    );
  }
}

function list(names: string[]): string {
  const shown = names.slice(0, 6).map((name) => `"${name}"`);
  return names.length > 6 ? `${shown.join(', ')} and ${names.length - 6} more` : shown.join(', ');
}
