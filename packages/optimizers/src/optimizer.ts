import * as tf from '@tensorflow/tfjs-core';
import { checkInteger, checkNotNegative } from './check.js';
import type { OptimizedParameter, ParameterGroup } from './parameter.js';
import { checkStateTensor, readTensors, type StateDict, toTensor } from './state-dict.js';

/** Options of a step. */
export interface StepOptions {
  /**
   * Finite factor of every gradient, for clipping or to undo a loss scale. No scaled copies are made. Default 1.
   */
  gradientScale?: number;
}

/** A parameter with the settings of its group and its state. */
export interface Slot {
  readonly parameter: OptimizedParameter;
  readonly lrScale: number;
  /** Weight decay of the group; undefined for the optimizer's. */
  readonly weightDecay: number | undefined;
  /** Number of steps of this parameter. Steps without a gradient do not count. */
  step: number;
  /** State by name, created at the parameter's first step. */
  readonly state: Map<string, tf.Variable>;
}

/** The numbers of a step for one parameter. */
export interface SlotStep {
  lr: number;
  weightDecay: number;
  /** Counted from 1. */
  step: number;
  gradientScale: number;
}

/** What a step does to one parameter. */
export interface Update {
  readonly variable: tf.Variable;
  /** The state tensors, in the order of the optimizer's `stateNames`. */
  readonly state: readonly tf.Variable[];
  readonly gradient: tf.Tensor;
  readonly step: SlotStep;
}

/** Base class of the optimizers: groups, checks, step counts and state dicts. */
export abstract class Optimizer {
  /** The parameters of all groups, in order. Gradients and state have the same order. */
  readonly parameters: readonly OptimizedParameter[];
  readonly #slots: Slot[];
  readonly #weightDecay: number;
  readonly #title: string;
  #lr: number;
  #stepCount = 0;
  #disposed = false;

  protected constructor(
    title: string,
    groups: readonly ParameterGroup[] | readonly OptimizedParameter[],
    lr: number,
    weightDecay: number,
  ) {
    this.#title = title;
    this.#lr = checkNotNegative(`${title}: lr`, lr);
    this.#weightDecay = checkNotNegative(`${title}: weightDecay`, weightDecay);
    this.#slots = makeSlots(title, groups);
    this.parameters = this.#slots.map((slot) => slot.parameter);
  }

  /** Learning rate, before a group's lrScale: finite and non-negative. Can be changed before each step. */
  get lr(): number {
    return this.#lr;
  }

  set lr(value: number) {
    this.#lr = checkNotNegative(`${this.#title}: lr`, value);
  }

  /** Number of calls of step(). */
  get stepCount(): number {
    return this.#stepCount;
  }

  /** Names of a parameter's state tensors, as in torch. */
  protected abstract readonly stateNames: readonly string[];

  /** Updates parameters and their state. */
  protected abstract update(updates: readonly Update[]): void;

  /**
   * Updates every parameter that has a gradient. A parameter without one (null) does not change, not even by weight
   * decay, and its step count does not advance, as in torch.
   * @param gradients float32 tensors in the order of `parameters`; they are not disposed.
   * @throws RangeError if their number differs or gradientScale is not finite; Error if a shape or dtype differs. Nothing
   *   is changed then.
   */
  step(gradients: readonly (tf.Tensor | null)[], { gradientScale = 1 }: StepOptions = {}): void {
    this.#checkAlive();
    this.#check(gradients, gradientScale);
    const updates = this.#slots.flatMap((slot, index): Update[] => {
      const gradient = gradients[index];
      if (!gradient) return [];
      const step = {
        lr: this.#lr * slot.lrScale,
        weightDecay: slot.parameter.weightDecay ? (slot.weightDecay ?? this.#weightDecay) : 0,
        step: ++slot.step,
        gradientScale,
      };
      return [{ variable: slot.parameter.variable, state: this.#stateOf(slot), gradient, step }];
    });
    this.update(updates);
    this.#stepCount++;
  }

  /**
   * Returns the state's variables by parameter index and torch's name: `0.exp_avg`, `0.exp_avg_sq`, … The optimizer owns
   * them. A parameter that has not had a gradient has no state.
   */
  stateTensors(): Record<string, tf.Variable> {
    this.#checkAlive();
    return Object.fromEntries(
      this.#slots.flatMap((slot, index) =>
        [...slot.state].map(([name, variable]): [string, tf.Variable] => [`${index}.${name}`, variable]),
      ),
    );
  }

  /** Reads the state as plain data: that of stateTensors(), and each parameter's step count as `0.step`, … */
  async stateDict(): Promise<StateDict> {
    const step = this.#stepCount;
    const steps = this.#slots.map((slot) => slot.step);
    const tensors = await readTensors(this.stateTensors());
    steps.forEach((count, index) => {
      if (count > 0) tensors[`${index}.step`] = { shape: [], data: Float32Array.of(count) };
    });
    return { step, tensors };
  }

  /**
   * Restores the state of a stateDict(), so that the next steps are identical. The learning rate and the parameters'
   * values are not part of it.
   * @throws Error if a name is unknown or missing, or a shape differs. Nothing is changed then.
   */
  loadStateDict(stateDict: StateDict): void {
    this.#checkAlive();
    checkInteger('State dict: step', stateDict.step, 0);
    const steps = this.#checkStateDict(stateDict);
    this.#dropState();
    this.#slots.forEach((slot, index) => {
      slot.step = steps[index];
      if (slot.step === 0) return;
      for (const name of this.stateNames) {
        const stored = stateDict.tensors[`${index}.${name}`];
        slot.state.set(
          name,
          tf.tidy(() => tf.variable(toTensor(stored), false)),
        );
      }
    });
    this.#stepCount = stateDict.step;
  }

  /** Frees the state but not the parameters. The optimizer cannot be used afterwards. */
  dispose(): void {
    this.#dropState();
    this.#disposed = true;
  }

  #checkAlive(): void {
    if (this.#disposed) throw new Error(`${this.#title}: this optimizer is disposed; create a new one.`);
  }

  #check(gradients: readonly (tf.Tensor | null)[], gradientScale: number): void {
    if (gradients.length !== this.#slots.length) {
      throw new RangeError(
        `${this.#title}: step() received ${gradients.length} gradients for ${this.#slots.length} parameters; pass one per parameter, or null.`,
      );
    }
    if (!Number.isFinite(gradientScale)) {
      throw new RangeError(
        `${this.#title}: gradientScale is ${gradientScale}. ` +
          'Skip the step if the norm of the gradients is not finite.',
      );
    }
    gradients.forEach((gradient, index) => {
      const { variable } = this.#slots[index].parameter;
      if (gradient === undefined) {
        throw new TypeError(
          `${this.#title}: gradient ${index} is undefined; pass null for a parameter without a gradient.`,
        );
      }
      if (gradient?.isDisposed) throw new Error(`${this.#title}: gradient ${index} is disposed.`);
      if (
        gradient &&
        (gradient.dtype !== 'float32' || !tf.util.arraysEqual(gradient.shape, variable.shape))
      ) {
        throw new Error(
          `${this.#title}: gradient ${index} is ${gradient.dtype} of shape [${gradient.shape}], ` +
            `but the parameter '${variable.name}' is float32 of shape [${variable.shape}].`,
        );
      }
    });
  }

  /** Returns the state tensors of a parameter; creates missing ones with zeros. */
  #stateOf({ parameter, state }: Slot): tf.Variable[] {
    return this.stateNames.map((name) => {
      const held = state.get(name);
      if (held) return held;
      const created = tf.tidy(() => tf.variable(tf.zeros(parameter.variable.shape), false));
      state.set(name, created);
      return created;
    });
  }

  #dropState(): void {
    for (const slot of this.#slots) {
      for (const variable of slot.state.values()) variable.dispose();
      slot.state.clear();
      slot.step = 0;
    }
  }

  /** Checks that the state dict has exactly the expected tensors; returns each parameter's step count. */
  #checkStateDict({ tensors }: StateDict): number[] {
    const known = new Set<string>();
    const steps = this.#slots.map(({ parameter }, index) => {
      const names = this.stateNames.map((name) => `${index}.${name}`);
      const stepName = `${index}.step`;
      for (const name of [...names, stepName]) known.add(name);
      const count = tensors[stepName];
      if (!count) return 0;
      checkStateTensor(stepName, count, []);
      for (const name of names) {
        if (!tensors[name])
          throw new Error(`State dict: ${name} is missing, although ${stepName} is present.`);
        checkStateTensor(name, tensors[name], parameter.variable.shape);
      }
      return checkInteger(`State dict: ${stepName}`, count.data[0], 1);
    });
    for (const name of Object.keys(tensors)) {
      if (!known.has(name) || steps[Number.parseInt(name, 10)] === 0) {
        throw new Error(
          `State dict: ${name} is not part of ${this.#title}'s state for ${this.#slots.length} parameters; it belongs to another optimizer or model.`,
        );
      }
    }
    return steps;
  }
}

function makeSlots(title: string, groups: readonly ParameterGroup[] | readonly OptimizedParameter[]): Slot[] {
  const seen = new Set<tf.Variable>();
  const slots = toGroups(groups).flatMap(({ parameters, lrScale = 1, weightDecay }, g) => {
    checkNotNegative(`${title}: lrScale of group ${g}`, lrScale);
    if (weightDecay !== undefined) checkNotNegative(`${title}: weightDecay of group ${g}`, weightDecay);
    return parameters.map((parameter): Slot => {
      const { variable } = parameter;
      if (variable.dtype !== 'float32') {
        throw new TypeError(`${title}: the parameter '${variable.name}' is ${variable.dtype}, not float32.`);
      }
      if (seen.has(variable)) throw new Error(`${title}: the parameter '${variable.name}' is listed twice.`);
      seen.add(variable);
      return { parameter, lrScale, weightDecay, step: 0, state: new Map() };
    });
  });
  if (slots.length === 0) throw new Error(`${title}: the list of parameters is empty; pass at least one.`);
  return slots;
}

function toGroups(
  groups: readonly ParameterGroup[] | readonly OptimizedParameter[],
): readonly ParameterGroup[] {
  const isGroup = (item: ParameterGroup | OptimizedParameter): item is ParameterGroup => 'parameters' in item;
  const items = groups as readonly (ParameterGroup | OptimizedParameter)[];
  if (items.every(isGroup)) return items;
  if (items.some(isGroup))
    throw new TypeError('An optimizer accepts parameters or groups of them, but not a mixture.');
  return [{ parameters: items as readonly OptimizedParameter[] }];
}
