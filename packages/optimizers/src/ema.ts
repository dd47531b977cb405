import * as tf from '@tensorflow/tfjs-core';
import { updateMovingAverage } from '@unitsphere/ops';
import { checkFraction, checkInteger } from './check.js';
import { checkStateTensor, readTensors, type StateDict, toTensor } from './state-dict.js';

/** The part of a parameter or buffer that an average requires: its float32 variable. */
export interface AveragedVariable {
  readonly variable: tf.Variable;
}

/** Options of `Ema`. */
export interface EmaOptions {
  /** Factor of the average at each update, in [0, 1); 0.9999 averages over about 10,000 steps. */
  decay: number;
  /**
   * Whether to start with a smaller decay: min(decay, (1 + n) / (10 + n)) at update n, counted from 0. The average then
   * soon forgets the initial values, as TensorFlow's ExponentialMovingAverage with num_updates. Default false.
   */
  warmup?: boolean;
}

/**
 * An exponential moving average of parameters. It starts as a copy of them. Call update() after each optimizer step: it
 * sets average = decay · average + (1 − decay) · parameter, as timm's ModelEmaV2. swap() exchanges averages and
 * parameters, to evaluate or save the averages; a second swap() undoes it.
 */
export class Ema {
  readonly #live: readonly AveragedVariable[];
  readonly #averages: tf.Variable[];
  readonly #decay: number;
  readonly #warmup: boolean;
  #updates = 0;
  #swapped = false;
  #disposed = false;

  /** @throws RangeError unless decay is in [0, 1); Error if there are no parameters; TypeError unless all are float32. */
  constructor(parameters: readonly AveragedVariable[], { decay, warmup = false }: EmaOptions) {
    this.#decay = checkFraction('Ema: decay', decay);
    this.#warmup = warmup;
    if (parameters.length === 0) throw new Error('Ema: the list of parameters is empty; pass at least one.');
    for (const { variable } of parameters) {
      if (variable.dtype !== 'float32') {
        throw new TypeError(`Ema: the variable '${variable.name}' is ${variable.dtype}, not float32.`);
      }
    }
    this.#live = [...parameters];
    // Multiplies instead of cloning, because a clone shares memory with the parameter.
    this.#averages = this.#live.map(({ variable }) => tf.tidy(() => tf.variable(tf.mul(variable, 1), false)));
  }

  /** Number of updates so far. */
  get updates(): number {
    return this.#updates;
  }

  /** Whether the parameters currently hold the averages. */
  get isSwapped(): boolean {
    return this.#swapped;
  }

  /** Updates the averages with the current parameters. @throws Error while swapped. */
  update(): void {
    this.#check('update');
    const n = this.#updates;
    const decay = this.#warmup ? Math.min(this.#decay, (1 + n) / (10 + n)) : this.#decay;
    this.#live.forEach(({ variable }, index) => {
      const average = this.#averages[index];
      tf.tidy(() => updateMovingAverage(average, variable, 1 - decay));
    });
    this.#updates++;
  }

  /** Exchanges the values of the parameters and the averages; a second call undoes it. */
  swap(): void {
    this.#checkAlive();
    this.#live.forEach(({ variable }, index) => {
      tf.tidy(() => {
        const value = tf.clone(variable);
        variable.assign(tf.clone(this.#averages[index]));
        this.#averages[index].assign(value);
      });
    });
    this.#swapped = !this.#swapped;
  }

  /**
   * Copies the averages to other variables, or to the parameters themselves, whose values are then lost.
   * @param targets As many as there are parameters, of the same shapes. Default: the parameters.
   * @throws Error while swapped, or if the number or a shape differs. Nothing is changed then.
   */
  copyTo(targets: readonly AveragedVariable[] = this.#live): void {
    this.#check('copyTo');
    if (targets.length !== this.#averages.length) {
      throw new Error(
        `Ema: copyTo() received ${targets.length} targets for ${this.#averages.length} averages; pass one target per average.`,
      );
    }
    targets.forEach(({ variable }, index) => {
      const { shape } = this.#averages[index];
      if (!tf.util.arraysEqual(variable.shape, shape)) {
        throw new Error(
          `Ema: target ${index} has shape [${variable.shape}], but the average has [${shape}].`,
        );
      }
    });
    targets.forEach(({ variable }, index) => {
      tf.tidy(() => variable.assign(tf.mul(this.#averages[index], 1)));
    });
  }

  /** Reads the averages as plain data, named by index: `0`, `1`, … @throws Error while swapped. */
  async stateDict(): Promise<StateDict> {
    this.#check('stateDict');
    const step = this.#updates;
    const named = Object.fromEntries(this.#averages.map((average, index) => [String(index), average]));
    return { step, tensors: await readTensors(named) };
  }

  /** Restores the averages of a stateDict(). @throws Error if a name or a shape differs. Nothing is changed then. */
  loadStateDict({ step, tensors }: StateDict): void {
    this.#check('loadStateDict');
    checkInteger('State dict: step', step, 0);
    const count = Object.keys(tensors).length;
    if (count !== this.#averages.length) {
      throw new Error(
        `State dict: it contains ${count} averages, but this Ema has ${this.#averages.length}.`,
      );
    }
    this.#averages.forEach((average, index) => {
      if (!tensors[index]) throw new Error(`State dict: the average ${index} is missing.`);
      checkStateTensor(String(index), tensors[index], average.shape);
    });
    this.#averages.forEach((average, index) => {
      tf.tidy(() => average.assign(toTensor(tensors[index])));
    });
    this.#updates = step;
  }

  /** Frees the averages. @throws Error while swapped, because that would lose the parameters' own values. */
  dispose(): void {
    if (this.#disposed) return;
    this.#check('dispose');
    for (const average of this.#averages) average.dispose();
    this.#disposed = true;
  }

  #checkAlive(): void {
    if (this.#disposed) throw new Error('Ema: it is disposed; create a new one.');
  }

  #check(action: string): void {
    this.#checkAlive();
    if (this.#swapped)
      throw new Error(
        `Ema: ${action}() is not possible while averages and parameters are swapped; call swap() first.`,
      );
  }
}
