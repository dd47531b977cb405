import * as tf from '@tensorflow/tfjs-core';
import { countNonFinite } from '@unitsphere/ops';
import { describeNonFinite, findFirstNonFinite, type NonFiniteOperation } from './find-first-non-finite.js';

/** How a GradScaler is made; defaults are torch.amp.GradScaler's. */
export interface GradScalerOptions {
  /** Default 65536. */
  initScale?: number;
  /** What the scale is multiplied by after growthInterval steps without overflow. Default 2. */
  growthFactor?: number;
  /** What it is multiplied by at an overflow. Default 0.5. */
  backoffFactor?: number;
  /** Default 2000. */
  growthInterval?: number;
  /** A scale below it is a collapse. Default 1. */
  minScale?: number;
}

/** What a checkpoint keeps of a GradScaler. */
export interface GradScalerState {
  scale: number;
  /** Steps without overflow since the scale last changed. */
  growthTracker: number;
  /** Steps that were skipped, in all. */
  skippedSteps: number;
}

/** Gradients of a scaled loss, looked at. */
export interface Unscaled {
  /** How many values of them are infinite or NaN. */
  nonFinite: number;
  /** What the gradients are to be multiplied by: 1 / scale. */
  gradientScale: number;
}

/** An optimizer, as those of @unitsphere/optimizers are. */
export interface SteppedOptimizer {
  step(gradients: readonly (tf.Tensor | null)[], options: { gradientScale: number }): void;
}

/** Gradients overflow however small the loss is scaled. */
export class LossScaleCollapseError extends Error {
  override readonly name = 'LossScaleCollapseError';

  /**
   * @param scale What the scale fell to.
   * @param operation The first operation to overflow, where it was looked for and found.
   */
  constructor(
    message: string,
    readonly scale: number,
    readonly operation?: NonFiniteOperation,
  ) {
    super(message);
  }
}

/**
 * Dynamic loss scaling, as torch.amp.GradScaler: the loss is multiplied by a scale, so that small gradients do not vanish in
 * a lower precision; a step whose gradients overflow is skipped and halves the scale, and many without double it. Gradients
 * are not copied to unscale them: the optimizer multiplies as it goes.
 *
 * Where float32 is kept between operations, as here, it is seldom needed: half floats are scaled in each product by itself.
 * @see Micikevicius et al., "Mixed Precision Training", ICLR 2018.
 */
export class GradScaler {
  readonly #options: Required<GradScalerOptions>;
  #scale: number;
  #growthTracker = 0;
  #skippedSteps = 0;
  /** Values that are not finite in the gradients seen since the last update; undefined where none were. */
  #found: number | undefined;
  /** The gradients that were looked at last. */
  #looked: { gradients: readonly (tf.Tensor | null)[]; unscaled: Unscaled } | undefined;

  /** @throws RangeError where an option makes no sense. */
  constructor(options: GradScalerOptions = {}) {
    const {
      initScale = 65536,
      growthFactor = 2,
      backoffFactor = 0.5,
      growthInterval = 2000,
      minScale = 1,
    } = options;
    check('initScale', initScale, initScale > 0, 'above 0');
    check('growthFactor', growthFactor, growthFactor > 1, 'above 1');
    check('backoffFactor', backoffFactor, backoffFactor > 0 && backoffFactor < 1, 'between 0 and 1');
    check(
      'growthInterval',
      growthInterval,
      Number.isInteger(growthInterval) && growthInterval > 0,
      'a whole number above 0',
    );
    check('minScale', minScale, minScale > 0 && minScale <= initScale, 'above 0 and at most initScale');
    this.#options = { initScale, growthFactor, backoffFactor, growthInterval, minScale };
    this.#scale = initScale;
  }

  /** What a loss is multiplied by at present. */
  getScale(): number {
    return this.#scale;
  }

  /** How many steps were skipped since the beginning, over checkpoints too. */
  get skippedSteps(): number {
    return this.#skippedSteps;
  }

  /** loss · scale; inside the function whose gradient is taken. The loss may also be the upstream gradient of one. */
  scale<T extends tf.Tensor>(loss: T): T {
    const scale = this.#scale;
    // Its own gradient: those of stock operations may not be registered.
    const scaled = tf.customGrad((x) => ({
      value: tf.mul(x as tf.Tensor, scale),
      gradFunc: (dy) => tf.mul(dy, scale),
    }));
    return scaled(loss) as T;
  }

  /**
   * Looks whether the gradients are finite and tells what they are to be multiplied by; itself it changes nothing. Before
   * step() it is of use for clipping: `clipScale(norm * gradientScale, maxNorm) * gradientScale`.
   * @param gradients float32, of the scaled loss; null where there is none.
   */
  async unscale(gradients: readonly (tf.Tensor | null)[]): Promise<Unscaled> {
    const present = gradients.filter((gradient) => gradient !== null);
    let nonFinite = 0;
    if (present.length > 0) {
      const counts = tf.tidy(() => tf.stack(present.map(countNonFinite)));
      try {
        nonFinite = Array.from(await counts.data()).reduce((sum, count) => sum + count, 0);
      } finally {
        counts.dispose();
      }
    }
    this.#found = (this.#found ?? 0) + nonFinite;
    const unscaled = { nonFinite, gradientScale: 1 / this.#scale };
    this.#looked = { gradients, unscaled };
    return unscaled;
  }

  /**
   * Takes the optimizer's step, unless a gradient is not finite.
   * @param gradients Of the scaled loss; looked at first, unless these were given to unscale().
   * @param options gradientScale: what the optimizer multiplies by. Default 1 / scale.
   * @returns Whether the step was taken.
   */
  async step(
    optimizer: SteppedOptimizer,
    gradients: readonly (tf.Tensor | null)[],
    { gradientScale }: { gradientScale?: number } = {},
  ): Promise<boolean> {
    const unscaled =
      this.#looked?.gradients === gradients ? this.#looked.unscaled : await this.unscale(gradients);
    if (unscaled.nonFinite > 0) return false;
    optimizer.step(gradients, { gradientScale: gradientScale ?? unscaled.gradientScale });
    return true;
  }

  /**
   * Ends the step: the scale shrinks where a gradient was not finite, or grows when its time has come.
   * @param options rerun: runs the step's forward and backward pass once more, at the scale that overflowed, to name the
   *   operation where the overflow began, should the scale collapse. Not async; a tensor that it returns is disposed.
   * @throws LossScaleCollapseError where the scale falls below minScale, Error where no gradients were looked at.
   */
  async update({ rerun }: { rerun?: () => unknown } = {}): Promise<void> {
    if (this.#found === undefined) {
      throw new Error(
        'GradScaler: update() ends a step, but no gradients came to unscale() or step() before it.',
      );
    }
    const { growthFactor, backoffFactor, growthInterval, minScale } = this.#options;
    const overflowed = this.#found > 0;
    this.#found = undefined;
    this.#looked = undefined;
    if (!overflowed) {
      this.#growthTracker++;
      if (this.#growthTracker < growthInterval) return;
      this.#growthTracker = 0;
      // As in PyTorch: a scale that float32 does not hold is not taken.
      if (Number.isFinite(Math.fround(this.#scale * growthFactor))) this.#scale *= growthFactor;
      return;
    }
    this.#skippedSteps++;
    this.#growthTracker = 0;
    const shrunk = this.#scale * backoffFactor;
    if (shrunk < minScale) {
      // The scale is still the one that overflowed.
      const operation = rerun && (await findFirstNonFinite(rerun));
      throw new LossScaleCollapseError(
        this.#collapse(shrunk, operation, rerun !== undefined),
        shrunk,
        operation,
      );
    }
    this.#scale = shrunk;
  }

  #collapse(scale: number, operation: NonFiniteOperation | undefined, looked: boolean): string {
    const cause = operation
      ? `The first operation to overflow is ${describeNonFinite(operation)}.`
      : looked
        ? 'Run once more, every operation was finite: the step that overflowed was another one.'
        : 'Give update() a rerun of the step, and the operation where it begins is named.';
    return (
      `The loss scale fell to ${scale}, below ${this.#options.minScale}, after ${this.#skippedSteps} skipped steps: gradients ` +
      `are infinite or NaN whatever the scale. ${cause} Lower the learning rate, or keep that operation in float32.`
    );
  }

  /** Plain data for a checkpoint. */
  stateDict(): GradScalerState {
    return { scale: this.#scale, growthTracker: this.#growthTracker, skippedSteps: this.#skippedSteps };
  }

  /**
   * Goes on from a stateDict().
   * @throws RangeError where it holds what none can; nothing is changed then.
   */
  loadStateDict({ scale, growthTracker, skippedSteps }: GradScalerState): void {
    check('state dict: scale', scale, scale > 0, 'above 0');
    for (const [name, value] of Object.entries({ growthTracker, skippedSteps })) {
      check(
        `state dict: ${name}`,
        value,
        Number.isInteger(value) && value >= 0,
        'a whole number, at least 0',
      );
    }
    this.#scale = scale;
    this.#growthTracker = growthTracker;
    this.#skippedSteps = skippedSteps;
    this.#found = undefined;
    this.#looked = undefined;
  }
}

function check(name: string, value: number, holds: boolean, rule: string): void {
  if (!Number.isFinite(value) || !holds) {
    throw new RangeError(`GradScaler: ${name} must be ${rule}, but it is ${value}.`);
  }
}
