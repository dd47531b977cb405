import * as tf from '@tensorflow/tfjs-core';
import { countNonFinite } from '@unitsphere/ops';
import { describeNonFinite, findFirstNonFinite, type NonFiniteOperation } from './find-first-non-finite.js';

/** Options of `GradScaler`; the defaults are those of torch.amp.GradScaler. */
export interface GradScalerOptions {
  /** Initial scale. Default 65536. */
  initScale?: number;
  /** Factor of the scale after growthInterval steps without overflow. Default 2. */
  growthFactor?: number;
  /** Factor of the scale after an overflow. Default 0.5. */
  backoffFactor?: number;
  /** Number of steps without overflow after which the scale grows. Default 2000. */
  growthInterval?: number;
  /** update() throws if the scale would fall below this. Default 1. */
  minScale?: number;
}

/** State of a GradScaler for a checkpoint. */
export interface GradScalerState {
  scale: number;
  /** Number of steps without overflow since the scale last changed. */
  growthTracker: number;
  /** Total number of skipped steps. */
  skippedSteps: number;
}

/** Result of `GradScaler.unscale`. */
export interface UnscaleResult {
  /** Number of gradient values that are infinite or NaN. */
  nonFinite: number;
  /** Factor for the gradients: 1 / scale. */
  gradientScale: number;
}

/** The part of an optimizer that a GradScaler requires; those of @unitsphere/optimizers have it. */
export interface OptimizerLike {
  step(gradients: readonly (tf.Tensor | null)[], options: { gradientScale: number }): void;
}

/** Thrown when gradients overflow at any scale of the loss. */
export class LossScaleCollapseError extends Error {
  override readonly name = 'LossScaleCollapseError';
  /** Stable name of the error, for programs. */
  readonly code = 'LOSS_SCALE_COLLAPSED';

  /**
   * @param scale The scale that would follow, below minScale.
   * @param operation The first operation to overflow, if update() had a rerun and found it.
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
 * Dynamic loss scaling, as torch.amp.GradScaler. The loss is multiplied by a scale, so that small gradients do not vanish
 * in a lower precision. A step whose gradients overflow is skipped and halves the scale; many steps without overflow double
 * it. Gradients are not copied to unscale them: the optimizer multiplies them during its update.
 *
 * It is seldom required here, because values between operations are float32 and each product scales its half floats itself.
 * @see Micikevicius et al., "Mixed Precision Training", ICLR 2018.
 */
export class GradScaler {
  readonly #options: Required<GradScalerOptions>;
  #scale: number;
  #growthTracker = 0;
  #skippedSteps = 0;
  /** Number of non-finite gradient values since the last update(); undefined before the first unscale(). */
  #nonFinite: number | undefined;
  /** The gradients of the last unscale(), and its result. */
  #last: { gradients: readonly (tf.Tensor | null)[]; result: UnscaleResult } | undefined;

  /** @throws RangeError if an option is out of range. */
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
      'an integer above 0',
    );
    check('minScale', minScale, minScale > 0 && minScale <= initScale, 'above 0 and at most initScale');
    this.#options = { initScale, growthFactor, backoffFactor, growthInterval, minScale };
    this.#scale = initScale;
  }

  /** Returns the current factor of the loss. */
  getScale(): number {
    return this.#scale;
  }

  /** Total number of skipped steps, including those before a checkpoint was restored. */
  get skippedSteps(): number {
    return this.#skippedSteps;
  }

  /** Computes loss · scale. Call it in the function to differentiate; it also accepts the upstream gradient of a loss. */
  scale<T extends tf.Tensor>(loss: T): T {
    const scale = this.#scale;
    // Defines its own gradient, because those of stock operations may not be registered.
    const scaled = tf.customGrad((x) => ({
      value: tf.mul(x as tf.Tensor, scale),
      gradFunc: (dy) => tf.mul(dy, scale),
    }));
    return scaled(loss) as T;
  }

  /**
   * Counts non-finite gradient values and returns the factor for the gradients, without changing them. Call it before
   * step() to clip gradients: `clipScale(norm * gradientScale, maxNorm) * gradientScale`.
   * @param gradients float32 gradients of the scaled loss; null for a missing gradient.
   */
  async unscale(gradients: readonly (tf.Tensor | null)[]): Promise<UnscaleResult> {
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
    this.#nonFinite = (this.#nonFinite ?? 0) + nonFinite;
    const result = { nonFinite, gradientScale: 1 / this.#scale };
    this.#last = { gradients, result };
    return result;
  }

  /**
   * Takes the optimizer's step, unless a gradient is not finite.
   * @param gradients Gradients of the scaled loss. They are checked first, unless unscale() has just checked them.
   * @param options gradientScale: factor of the gradients in the optimizer. Default 1 / scale.
   * @returns Whether the step was taken.
   */
  async step(
    optimizer: OptimizerLike,
    gradients: readonly (tf.Tensor | null)[],
    { gradientScale }: { gradientScale?: number } = {},
  ): Promise<boolean> {
    const result = this.#last?.gradients === gradients ? this.#last.result : await this.unscale(gradients);
    if (result.nonFinite > 0) return false;
    optimizer.step(gradients, { gradientScale: gradientScale ?? result.gradientScale });
    return true;
  }

  /**
   * Ends the step: shrinks the scale if a gradient was not finite, or grows it after growthInterval steps.
   * @param options rerun: synchronous function that repeats the step's forward and backward pass at the scale that
   *   overflowed. If the scale collapses, it serves to name the first operation to overflow. A tensor that it returns is
   *   disposed.
   * @throws LossScaleCollapseError if the scale falls below minScale; Error if unscale() or step() was not called before.
   */
  async update({ rerun }: { rerun?: () => unknown } = {}): Promise<void> {
    if (this.#nonFinite === undefined) {
      throw new Error('GradScaler: update() requires gradients; call unscale() or step() with them first.');
    }
    const { growthFactor, backoffFactor, growthInterval, minScale } = this.#options;
    const overflowed = this.#nonFinite > 0;
    this.#nonFinite = undefined;
    this.#last = undefined;
    if (!overflowed) {
      this.#growthTracker++;
      if (this.#growthTracker < growthInterval) return;
      this.#growthTracker = 0;
      // As in PyTorch, the scale does not grow beyond float32.
      if (Number.isFinite(Math.fround(this.#scale * growthFactor))) this.#scale *= growthFactor;
      return;
    }
    this.#skippedSteps++;
    this.#growthTracker = 0;
    const shrunk = this.#scale * backoffFactor;
    if (shrunk < minScale) {
      // The rerun uses the scale that overflowed.
      const operation = rerun && (await findFirstNonFinite(rerun));
      throw new LossScaleCollapseError(
        this.#describeCollapse(shrunk, operation, rerun !== undefined),
        shrunk,
        operation,
      );
    }
    this.#scale = shrunk;
  }

  #describeCollapse(scale: number, operation: NonFiniteOperation | undefined, hasRerun: boolean): string {
    const cause = operation
      ? `The first operation to overflow is ${describeNonFinite(operation)}.`
      : hasRerun
        ? 'In the rerun every operation was finite, so it is not the step that overflowed.'
        : 'Pass a rerun of the step to update() to learn which operation overflows first.';
    return (
      `The loss scale fell to ${scale}, below ${this.#options.minScale}, after ${this.#skippedSteps} skipped steps: gradients ` +
      `are infinite or NaN at any scale. ${cause} Lower the learning rate, or keep that operation in float32.`
    );
  }

  /** Returns the state as plain data for a checkpoint. */
  stateDict(): GradScalerState {
    return { scale: this.#scale, growthTracker: this.#growthTracker, skippedSteps: this.#skippedSteps };
  }

  /**
   * Restores a stateDict().
   * @throws RangeError if a value is out of range. Nothing is changed then.
   */
  loadStateDict({ scale, growthTracker, skippedSteps }: GradScalerState): void {
    check('state dict: scale', scale, scale > 0, 'above 0');
    for (const [name, value] of Object.entries({ growthTracker, skippedSteps })) {
      check(`state dict: ${name}`, value, Number.isInteger(value) && value >= 0, 'a non-negative integer');
    }
    this.#scale = scale;
    this.#growthTracker = growthTracker;
    this.#skippedSteps = skippedSteps;
    this.#nonFinite = undefined;
    this.#last = undefined;
  }
}

function check(name: string, value: number, holds: boolean, rule: string): void {
  if (!Number.isFinite(value) || !holds) {
    throw new RangeError(`GradScaler: ${name} must be ${rule}, but it is ${value}.`);
  }
}
