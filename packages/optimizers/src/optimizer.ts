import * as tf from '@tensorflow/tfjs-core';
import { checkInteger, checkNotNegative } from './check.js';
import type { OptimizedParameter, ParameterGroup } from './parameter.js';
import { checkStateTensor, readTensors, type StateDict, toTensor } from './state-dict.js';

/** How one step is taken. */
export interface StepOptions {
  /**
   * Multiplies every gradient (clipping, undoing a loss scale) without making scaled copies; finite. Default 1.
   */
  gradientScale?: number;
}

/** One parameter with what a step needs of its group and its past. */
export interface Slot {
  readonly parameter: OptimizedParameter;
  readonly lrScale: number;
  /** undefined: the optimizer's. */
  readonly weightDecay: number | undefined;
  /** How many steps this parameter has taken; one without a gradient takes none. */
  step: number;
  /** State by name, made at the parameter's first step. */
  readonly state: Map<string, tf.Variable>;
}

/** One step's numbers for one parameter. */
export interface SlotStep {
  lr: number;
  weightDecay: number;
  /** Counted from 1. */
  step: number;
  gradientScale: number;
}

/** What the optimizers share: groups, checks, step counts and state dicts. */
export abstract class Optimizer {
  /** The parameters of all groups, in order: gradients and state are aligned with them. */
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

  /** The learning rate, before a group's lrScale. May be set before each step: finite, at least 0. */
  get lr(): number {
    return this.#lr;
  }

  set lr(value: number) {
    this.#lr = checkNotNegative(`${this.#title}: lr`, value);
  }

  /** How many times step() was called. */
  get stepCount(): number {
    return this.#stepCount;
  }

  /** The names of the state tensors of one parameter, as in torch. */
  protected abstract readonly stateNames: readonly string[];

  /** Updates one parameter and its state. */
  protected abstract update(slot: Slot, gradient: tf.Tensor, step: SlotStep): void;

  /**
   * One step: assigns every parameter that has a gradient. One without (null) is left as it is, decay included, and
   * its own step count does not advance, as in torch.
   * @param gradients float32 tensors aligned with `parameters`; they are not disposed.
   * @throws RangeError where their number differs or gradientScale is not finite; Error where a shape or dtype
   *   differs. Nothing is changed then.
   */
  step(gradients: readonly (tf.Tensor | null)[], { gradientScale = 1 }: StepOptions = {}): void {
    this.#alive();
    this.#check(gradients, gradientScale);
    this.#slots.forEach((slot, index) => {
      const gradient = gradients[index];
      if (!gradient) return;
      this.#makeState(slot);
      this.update(slot, gradient, {
        lr: this.#lr * slot.lrScale,
        weightDecay: slot.parameter.weightDecay ? (slot.weightDecay ?? this.#weightDecay) : 0,
        step: slot.step + 1,
        gradientScale,
      });
      slot.step++;
    });
    this.#stepCount++;
  }

  /**
   * The state's variables by parameter index and torch's name: `0.exp_avg`, `0.exp_avg_sq`, … They are the
   * optimizer's own; a parameter that had no gradient yet has none.
   */
  stateTensors(): Record<string, tf.Variable> {
    this.#alive();
    return Object.fromEntries(
      this.#slots.flatMap((slot, index) =>
        [...slot.state].map(([name, variable]): [string, tf.Variable] => [`${index}.${name}`, variable]),
      ),
    );
  }

  /** The state as plain data: that of stateTensors(), and each parameter's own step count as `0.step`, … */
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
   * Takes the state of a stateDict(): the next step is then the one that would have followed there. The learning rate
   * and the parameters' values are not part of it.
   * @throws Error where a name is unknown or missing, or a shape differs. Nothing is changed then.
   */
  loadStateDict(stateDict: StateDict): void {
    this.#alive();
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

  /** Frees the state; the parameters stay. The optimizer cannot be used after. */
  dispose(): void {
    this.#dropState();
    this.#disposed = true;
  }

  #alive(): void {
    if (this.#disposed) throw new Error(`${this.#title}: this optimizer is disposed; make a new one.`);
  }

  #check(gradients: readonly (tf.Tensor | null)[], gradientScale: number): void {
    if (gradients.length !== this.#slots.length) {
      throw new RangeError(
        `${this.#title}: ${gradients.length} gradients came for ${this.#slots.length} parameters.`,
      );
    }
    if (!Number.isFinite(gradientScale)) {
      throw new RangeError(
        `${this.#title}: gradientScale is ${gradientScale}. ` +
          'Skip the step where the norm of the gradients is not finite.',
      );
    }
    gradients.forEach((gradient, index) => {
      const { variable } = this.#slots[index].parameter;
      if (gradient === undefined) {
        throw new TypeError(
          `${this.#title}: gradient ${index} is undefined; give null for a parameter without one.`,
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

  #makeState(slot: Slot): void {
    for (const name of this.stateNames) {
      if (!slot.state.has(name)) {
        slot.state.set(
          name,
          tf.tidy(() => tf.variable(tf.zeros(slot.parameter.variable.shape), false)),
        );
      }
    }
  }

  #dropState(): void {
    for (const slot of this.#slots) {
      for (const variable of slot.state.values()) variable.dispose();
      slot.state.clear();
      slot.step = 0;
    }
  }

  /** Every parameter's step count, after checking that all and only what they need is there. */
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
        if (!tensors[name]) throw new Error(`State dict: ${name} is missing beside ${stepName}.`);
        checkStateTensor(name, tensors[name], parameter.variable.shape);
      }
      return checkInteger(`State dict: ${stepName}`, count.data[0], 1);
    });
    for (const name of Object.keys(tensors)) {
      if (!known.has(name) || steps[Number.parseInt(name, 10)] === 0) {
        throw new Error(
          `State dict: ${name} is not part of ${this.#title}'s state for ${this.#slots.length} parameters.`,
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
      if (seen.has(variable)) throw new Error(`${title}: the parameter '${variable.name}' is there twice.`);
      seen.add(variable);
      return { parameter, lrScale, weightDecay, step: 0, state: new Map() };
    });
  });
  if (slots.length === 0) throw new Error(`${title}: there are no parameters to optimize.`);
  return slots;
}

function toGroups(
  groups: readonly ParameterGroup[] | readonly OptimizedParameter[],
): readonly ParameterGroup[] {
  const isGroup = (item: ParameterGroup | OptimizedParameter): item is ParameterGroup => 'parameters' in item;
  const items = groups as readonly (ParameterGroup | OptimizedParameter)[];
  if (items.every(isGroup)) return items;
  if (items.some(isGroup)) throw new TypeError('An optimizer takes parameters or groups of them, not both.');
  return [{ parameters: items as readonly OptimizedParameter[] }];
}
