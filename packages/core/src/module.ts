import type * as tf from '@tensorflow/tfjs-core';
import { type StateDict, sizeOf } from './host-tensor.js';
import { Buffer, Counter, Parameter, type ParameterOptions } from './parameter.js';

type Part = Module | Parameter | Counter;

/** Thrown when a state dict does not match a module. */
export class StateDictError extends Error {
  override name = 'StateDictError';
  /** Stable name of the error, for programs. */
  readonly code = 'STATE_DICT_MISMATCH';
}

/** Result of `loadStateDict`. */
export interface LoadReport {
  /** Keys of the module that the state dict lacks. */
  missing: string[];
  /** Keys of the state dict that the module lacks. */
  unexpected: string[];
}

/**
 * Base class of layers and models, as torch.nn.Module. A module has named parameters, buffers and child modules, whose
 * names form the keys of its state dict. Subclasses declare them with `parameter`, `buffer`, `counter` and `child` in field
 * initializers, and compute their output in `forward`.
 */
export abstract class Module<In extends tf.Tensor = tf.Tensor, Out extends tf.Tensor = tf.Tensor> {
  readonly #parts = new Map<string, Part>();
  #inTraining = true;

  /** Computes the output; gradients flow through it to the input and the parameters. */
  abstract forward(x: In): Out;

  /** Whether layers are in training mode (batch statistics, stochastic depth). Initially true, as in PyTorch. */
  get training(): boolean {
    return this.#inTraining;
  }

  /** Sets training mode (or evaluation mode) for this module and all modules inside it. */
  train(mode = true): this {
    this.#inTraining = mode;
    for (const part of this.#parts.values()) if (part instanceof Module) part.train(mode);
    return this;
  }

  /** Sets evaluation mode; the same as `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Returns all trainable parameters with their state-dict keys, in order of declaration. */
  namedParameters(prefix = ''): [string, Parameter][] {
    return this.#entries(prefix).filter(
      (entry): entry is [string, Parameter] => entry[1] instanceof Parameter && entry[1].trainable,
    );
  }

  /** Returns all trainable parameters in order of declaration. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Returns all buffers (saved, not trained) with their state-dict keys. */
  namedBuffers(prefix = ''): [string, Buffer][] {
    return this.#entries(prefix).filter((entry): entry is [string, Buffer] => entry[1] instanceof Buffer);
  }

  /** Returns this module, whose name is '', and all modules inside it. A name is the prefix of the module's state-dict keys. */
  namedModules(prefix = ''): [string, Module][] {
    const inside = [...this.#parts].flatMap(([name, part]) =>
      part instanceof Module ? part.namedModules(prefix ? `${prefix}.${name}` : name) : [],
    );
    return [[prefix, this as unknown as Module], ...inside];
  }

  /** Returns the number of trainable values. */
  parameterCount(): number {
    return this.parameters().reduce((count, { variable }) => count + variable.size, 0);
  }

  /** Reads all parameters, buffers and counters, in PyTorch's layout and with PyTorch's names. */
  async stateDict(prefix = ''): Promise<StateDict> {
    const state: StateDict = new Map();
    for (const [name, part] of this.#entries(prefix)) state.set(name, await part.toHost());
    return state;
  }

  /**
   * Loads all values from a state dict. On an error, no value is changed.
   * @param options.strict Whether missing and unexpected keys are errors. Default: true. Counters may always be missing.
   * @param options.prefix Prefix of this module's keys in the state dict. Other keys are ignored.
   * @returns The missing and the unexpected keys; both are empty if `strict`.
   * @throws StateDictError with the keys that are missing, unexpected or of another shape.
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
        return [`"${name}" has the shape [${tensor.shape}], but requires [${part.diskShape}]`];
      }
      const count = sizeOf(tensor.shape);
      return tensor.data.length === count
        ? []
        : [`"${name}" has ${tensor.data.length} values, but its shape requires ${count}`];
    });
    if (strict && missing.length) problems.push(`missing: ${list(missing)}`);
    if (strict && unexpected.length) problems.push(`unexpected: ${list(unexpected)}`);
    if (problems.length) {
      throw new StateDictError(
        `${this.constructor.name}: the state dict does not match: ${problems.join('; ')}.`,
      );
    }
    for (const [name, part] of entries) {
      const tensor = state.get(name);
      if (tensor) part.fromHost(tensor);
    }
    return { missing, unexpected };
  }

  /** Frees the variables of this module and of all modules inside it. */
  dispose(): void {
    for (const part of this.#parts.values()) if (!(part instanceof Counter)) part.dispose();
  }

  /** Declares a child module. Its keys begin with `name.`. */
  protected child<M extends Module<never, tf.Tensor>>(name: string, module: M): M {
    return this.#part(name, module as unknown as Module) as unknown as M;
  }

  /** Declares a trainable parameter. */
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

  /** Declares an integer that is saved. */
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
