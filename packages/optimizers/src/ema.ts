import * as tf from '@tensorflow/tfjs-core';
import { updateMovingAverage } from '@unitsphere/ops';
import { checkFraction, checkInteger } from './check.js';
import { checkStateTensor, readTensors, type StateDict, toTensor } from './state-dict.js';

/** What an average needs of a parameter or buffer: its float32 variable. */
export interface AveragedVariable {
  readonly variable: tf.Variable;
}

/** How an Ema is made. */
export interface EmaOptions {
  /** What an update keeps of the average, in [0, 1); 0.9999 averages over about 10,000 steps. */
  decay: number;
  /**
   * Begin with a smaller decay, min(decay, (1 + n) / (10 + n)) at update n counted from 0, so that the average soon
   * forgets the initial values, as TensorFlow's ExponentialMovingAverage with num_updates. Default false.
   */
  warmup?: boolean;
}

/**
 * An exponential moving average of parameters. It starts as a copy of them; update() after each optimizer step sets
 * average = decay · average + (1 − decay) · parameter, as timm's ModelEmaV2. swap() puts the averages in the
 * parameters' place to evaluate or save them; swap() again puts things back.
 */
export class Ema {
  readonly #live: readonly AveragedVariable[];
  readonly #averages: tf.Variable[];
  readonly #decay: number;
  readonly #warmup: boolean;
  #updates = 0;
  #swapped = false;
  #disposed = false;

  /** @throws RangeError unless decay is in [0, 1); Error where there are no parameters. */
  constructor(parameters: readonly AveragedVariable[], { decay, warmup = false }: EmaOptions) {
    this.#decay = checkFraction('Ema: decay', decay);
    this.#warmup = warmup;
    if (parameters.length === 0) throw new Error('Ema: there are no parameters to average.');
    for (const { variable } of parameters) {
      if (variable.dtype !== 'float32') {
        throw new TypeError(`Ema: the variable '${variable.name}' is ${variable.dtype}, not float32.`);
      }
    }
    this.#live = [...parameters];
    // Multiplied, not cloned: a clone shares memory with the parameter.
    this.#averages = this.#live.map(({ variable }) => tf.tidy(() => tf.variable(tf.mul(variable, 1), false)));
  }

  /** How many updates were made. */
  get updates(): number {
    return this.#updates;
  }

  /** Whether the averages are in the parameters' place now. */
  get swapped(): boolean {
    return this.#swapped;
  }

  /** Takes the parameters' present values in. @throws Error while swapped. */
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

  /** Exchanges the parameters' values and the averages; a second call undoes it. */
  swap(): void {
    this.#alive();
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
   * Writes the averages into other variables, or into the parameters themselves, whose values are then lost.
   * @param targets As many as there are parameters, of the same shapes; the parameters by default.
   * @throws Error while swapped, or where number or shapes differ; nothing is changed then.
   */
  copyTo(targets: readonly AveragedVariable[] = this.#live): void {
    this.#check('copyTo');
    if (targets.length !== this.#averages.length) {
      throw new Error(`Ema: ${targets.length} targets came for ${this.#averages.length} averages.`);
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

  /** The averages as plain data, named by index: `0`, `1`, … @throws Error while swapped. */
  async stateDict(): Promise<StateDict> {
    this.#check('stateDict');
    const step = this.#updates;
    const named = Object.fromEntries(this.#averages.map((average, index) => [String(index), average]));
    return { step, tensors: await readTensors(named) };
  }

  /** Takes the averages of a stateDict(). @throws Error where a name or a shape differs; nothing is changed then. */
  loadStateDict({ step, tensors }: StateDict): void {
    this.#check('loadStateDict');
    checkInteger('State dict: step', step, 0);
    const count = Object.keys(tensors).length;
    if (count !== this.#averages.length) {
      throw new Error(`State dict: it holds ${count} averages, but there are ${this.#averages.length}.`);
    }
    this.#averages.forEach((average, index) => {
      if (!tensors[index]) throw new Error(`State dict: ${index} is missing.`);
      checkStateTensor(String(index), tensors[index], average.shape);
    });
    this.#averages.forEach((average, index) => {
      tf.tidy(() => average.assign(toTensor(tensors[index])));
    });
    this.#updates = step;
  }

  /** Frees the averages. @throws Error while swapped: it would lose the parameters' own values. */
  dispose(): void {
    if (this.#disposed) return;
    this.#check('dispose');
    for (const average of this.#averages) average.dispose();
    this.#disposed = true;
  }

  #alive(): void {
    if (this.#disposed) throw new Error('Ema: this average is disposed; make a new one.');
  }

  #check(action: string): void {
    this.#alive();
    if (this.#swapped)
      throw new Error(`Ema: ${action}() came while the averages are swapped in; swap() back first.`);
  }
}
